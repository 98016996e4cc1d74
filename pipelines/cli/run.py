"""One run of a verb or of several: its clock, its settings and its store, and how it tells what it does."""

import contextlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pipelines.cli.output import append_summary, refusal
from pipelines.errors import PartlyFailed, PipelineError, SettingError
from pipelines.settings import Settings, read_active, read_settings

if TYPE_CHECKING:  # a store brings pandas, which the help does without
    from pipelines.datasets import DataSet, Task
    from pipelines.datasets.fetching import Access
    from pipelines.stores.base import Store

Thing = TypeVar("Thing", "DataSet", "Task")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """One run of a verb or of several; settings and store are read when they are first asked for."""

    now: datetime

    @cached_property
    def settings(self) -> Settings:
        """The settings, from the environment."""
        return read_settings()

    @cached_property
    def store(self) -> "Store":
        """The store that the settings choose."""
        from pipelines.stores.records import leave_out_records  # noqa: PLC0415 - see above

        if not read_active():
            leave_out_records(self._opened, place=self.settings.source.place)
        return self._opened

    @cached_property
    def _opened(self) -> "Store":
        from pipelines.stores import open_store  # noqa: PLC0415 - see above

        return open_store(self.settings)

    def begin_verb(self) -> None:
        """Forget which records another verb of this process found in the store, as it may have loaded one."""
        if vars(self).pop("store", None) and not read_active():
            from pipelines.datasets import activate  # noqa: PLC0415 - see above

            activate(())

    @property
    def access(self) -> "Access":
        """How live sources are asked in this run."""
        from pipelines.datasets.fetching import Access  # noqa: PLC0415 - see above

        source = self.settings.source
        return Access(self.now, place=source.place, endpoint=source.endpoint, token=source.token)

    def past(self, given: date | None, option: str = "--date") -> date | None:
        """The day that was given, if one was.

        Raises
        ------
        UsageError
            The day is in the future.
        """
        from pipelines.stores.future import refuse_future  # noqa: PLC0415 - see above

        if given:
            refuse_future(given, self.now, option)
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

    def each_dataset(self, names: Iterable[str] | None, work: Callable[["DataSet"], None]) -> None:
        """Do the work for each data set that is named, or for all; see `_each`."""
        if not names:
            self._count_records()
        from pipelines.datasets import all_datasets, broken_datasets, dataset_named  # noqa: PLC0415 - see above

        broken = broken_datasets()
        chosen = dict.fromkeys(names or [*broken, *(dataset.name for dataset in all_datasets())])
        self._each({name: broken.get(name) or dataset_named(name) for name in chosen}, work)

    def each_task(self, names: Iterable[str] | None, work: Callable[["Task"], None]) -> None:
        """Do the work for each task that is named, or for all of every data set; see `_each`."""
        self._each(self.tasks(names), work)

    def tasks(self, names: Iterable[str] | None) -> "Mapping[str, Task | PipelineError]":
        """The tasks that are named, or all of every data set, with the error of each data set that has one."""
        if not names:
            self._count_records()
        from pipelines.datasets import all_tasks, broken_datasets, task_named  # noqa: PLC0415 - see above

        named = {name: task_named(name) for name in names or ()}
        return named or broken_datasets() | {task.name: task for task in all_tasks()}

    def _count_records(self) -> None:
        """Open the store, which tells whether a data set that has a record counts."""
        _ = self.store

    def _each(self, things: Mapping[str, Thing | PipelineError], work: Callable[[Thing], None]) -> None:
        """Do the work for each thing; when one fails, or is an error itself, tell it and go on with the others.

        Raises
        ------
        PartlyFailed
            One of several failed. Where only one was asked for, its own error is raised.
        """
        failed: list[str] = []
        for name, thing in things.items():
            try:
                _do(work, thing)
            except Exception as error:
                if len(things) == 1:
                    raise
                if not isinstance(error, PipelineError | OSError):
                    log.exception("%s failed in a way that nobody foresaw", name)
                told = refusal(error) if isinstance(error, OSError) else error
                self.complain(PartlyFailed(f"{name}: {told}"))
                failed.append(name)
        if failed:
            raise PartlyFailed(f"{len(failed)} of {len(things)} failed: {', '.join(failed)}. What went wrong is above.")

    @property
    def _on_actions(self) -> bool:
        try:
            return self.settings.run.on_actions
        except SettingError:
            return False


def _do(work: Callable[[Thing], None], thing: Thing | PipelineError) -> None:
    if isinstance(thing, PipelineError):
        raise thing
    work(thing)
