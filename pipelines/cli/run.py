"""One run of a verb: its clock, its settings and its store, and how it tells what it does."""

import contextlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pipelines.cli.output import append_summary, refusal
from pipelines.errors import PartlyFailed, PipelineError, SettingError, UsageError
from pipelines.settings import Settings, read_settings

if TYPE_CHECKING:  # a store brings pandas, which the help does without
    from pipelines.datasets import DataSet, Task
    from pipelines.stores.base import Store

Thing = TypeVar("Thing", "DataSet", "Task")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """One run of a verb; settings and store are read when they are first asked for."""

    now: datetime

    @cached_property
    def settings(self) -> Settings:
        """The settings, from the environment."""
        return read_settings()

    @cached_property
    def store(self) -> "Store":
        """The store that the settings choose."""
        from pipelines.stores import open_store  # noqa: PLC0415 - see above

        return open_store(self.settings)

    def past(self, given: date | None, option: str = "--date") -> date | None:
        """The day that was given, if one was.

        Raises
        ------
        UsageError
            The day is in the future.
        """
        today = self.now.date()
        if given and given > today:
            raise UsageError(f"{option} {given} is in the future; today is {today} (UTC). Give an earlier day.")
        return given

    def show(self, markdown: str, more: str = "") -> None:
        """Print a result, and append it to the job summary where there is one, there with `more` below."""
        markdown, more = map(self.settings.redacted, (markdown, more))
        print(markdown)
        append_summary(self.settings.run.summary_file, f"{markdown}\n\n{more}")

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A log group on GitHub Actions, a line elsewhere."""
        log.info("%s%s", "::group::" if self._on_actions else "", title)
        try:
            yield
        finally:
            if self._on_actions:
                log.info("::endgroup::")

    def notice(self, sentence: str) -> None:
        """A sentence that a person should see without opening the log."""
        log.warning("%s%s", "::warning::" if self._on_actions else "", sentence)

    def complain(self, error: Exception) -> None:
        """Say in one line what failed, and on GitHub Actions where a person sees it first."""
        sentence = " ".join(str(error).split())
        with contextlib.suppress(SettingError):
            sentence = self.settings.redacted(sentence)
        print(f"{'::error::' if self._on_actions else 'error: '}{sentence}", file=sys.stderr)

    def each(self, things: Iterable[Thing], work: Callable[[Thing], None]) -> None:
        """Do the work for each of the things; when one fails, tell it and go on with the others.

        Raises
        ------
        PartlyFailed
            One of several failed. Where only one was asked for, its own error is raised.
        """
        chosen = list(things)
        failed: list[str] = []
        for thing in chosen:
            try:
                work(thing)
            except Exception as error:
                if len(chosen) == 1:
                    raise
                if not isinstance(error, PipelineError | OSError):
                    log.exception("%s failed in a way that nobody foresaw", thing.name)
                told = refusal(error) if isinstance(error, OSError) else error
                self.complain(PartlyFailed(f"{thing.name}: {told}"))
                failed.append(thing.name)
        if failed:
            raise PartlyFailed(f"{len(failed)} of {len(chosen)} failed: {', '.join(failed)}. What went wrong is above.")

    @property
    def _on_actions(self) -> bool:
        try:
            return self.settings.run.on_actions
        except SettingError:
            return False
