"""Publishing: both Spaces on the Hugging Face Hub, or a static one for an account that cannot have them."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from pipelines.errors import PublishError
from pipelines.publishing.addresses import NAME, space_links
from pipelines.publishing.bundle import OWNED, Bundle, site_bundle, space_bundles
from pipelines.publishing.hub import Change, Hub, PaymentRequired, Push
from pipelines.publishing.record import FOLDER, record_files
from pipelines.settings import Settings
from pipelines.stores.base import Store

log = logging.getLogger(__name__)

Outcome = Literal["created", "updated", "unchanged", "refused", "tomorrow"]

POLL_SECONDS = 5
# A first build installs some ninety packages, which takes minutes; more than this means that it hangs.
LONGEST_BUILD = 20 * 60
# How long the Hub may still tell the state from before a commit.
SETTLING = 30
LOG_LINES = 60
BUSY = ("BUILDING", "RUNNING_BUILDING", "APP_STARTING", "RUNNING_APP_STARTING")
BROKEN = ("BUILD_ERROR", "CONFIG_ERROR", "RUNTIME_ERROR", "NO_APP_FILE", "DELETING")
SKIPPED = "HF_TOKEN is not set: no Space is published. The store, its pictures and its static page are not affected."
PROCESSOR, ZERO_GPU, STATIC = "cpu-basic", "zero-a10g", "static"
# Which plan was found, by what the Spaces run on, and what it means.
PLANS = {
    PROCESSOR: "The plan of {owner} includes Gradio Spaces on a processor. They sleep after 48 hours without a "
    "visitor, and the next one wakes them.",
    ZERO_GPU: "The Spaces of {owner} run on ZeroGPU (borrowed graphics cards), of which a free account may have two. "
    "Nothing here computes on a graphics card, so that no visitor's quota is used.",
    STATIC: "The plan of {owner} does not include both Gradio Spaces, neither on a processor nor on ZeroGPU, so the "
    "static page is published instead. The choices: keep the static page; start both apps yourself with "
    "`python -m pipelines serve`; make room for two Spaces on ZeroGPU; move to a plan with Gradio Spaces "
    "(https://huggingface.co/pricing), or name an organisation that has one as HF_NAMESPACE, and publish again.",
}


@dataclass(frozen=True)
class SpaceReport:
    """What happened to one Space.

    `hardware` is what it runs on, as far as the Hub tells; `log` is the end of its build log or run log where it does
    not run.
    """

    space: str
    url: str
    outcome: Outcome
    change: Change
    commit: str = ""
    stage: str = ""
    hardware: str = ""
    log: str = ""

    @property
    def failed(self) -> bool:
        """Whether the Space does not run and should."""
        return self.stage in BROKEN or self.stage in BUSY


@dataclass(frozen=True)
class PublishReport:
    """What a run of `publish` did, or with `dry_run` would do."""

    dry_run: bool
    spaces: tuple[SpaceReport, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """The Spaces that do not run and should."""
        return tuple(report.space for report in self.spaces if report.failed)


def publish(
    store: Store,
    settings: Settings,
    *,
    dry_run: bool,
    namespace: str,
    now: datetime,
    sleep: Callable[[float], None] = time.sleep,
) -> PublishReport:
    """Create the Spaces where they are missing, commit what changed, and wait until they run.

    Parameters
    ----------
    namespace
        User or organisation; where empty that of the settings, and else the account of the token.
    now
        The time (UTC) that the commits tell.
    sleep
        How to wait (seconds).

    Raises
    ------
    PublishError
        The Hub refused or could not be reached. A Space that does not run is in the report instead.
    NotReadyError
        The static page is needed and not drawn yet.
    """
    if not settings.hub.token:
        return PublishReport(dry_run, notices=(SKIPPED,))
    hub = Hub(settings.hub, sleep)
    account = hub.account()
    owner = namespace or settings.hub.namespace or account
    message = f"Refresh of {now:%Y-%m-%d %H:%M} UTC"
    publisher = Publisher(hub, owner, settings.hub.hardware, dry_run, message, sleep)
    links = space_links(settings.hub, owner)
    reports = [publisher.publish(bundle) for bundle in space_bundles(store, links)]
    refused = any(report.outcome == "refused" for report in reports)
    # A static page that an earlier plan left behind must not grow old.
    if refused or hub.exists(publisher.space("site")):
        reports.append(publisher.publish(site_bundle(store)))
    if not dry_run:
        reports = [publisher.awaited(report) for report in reports]
    if settings.hub.dataset:
        record = Hub(settings.hub, sleep, "dataset")
        reports.append(publish_record(store, record, _owned(settings.hub.dataset, owner), now.date(), dry_run=dry_run))
    return PublishReport(dry_run, tuple(reports), _plan(reports, owner))


def publish_record(store: Store, hub: Hub, repository: str, today: date, *, dry_run: bool) -> SpaceReport:
    """Bring the data set `repository` to hold the record, in one commit a day at most, and in none where it does.

    Raises
    ------
    PublishError
        The Hub refused or could not be reached.
    """
    files, title = record_files(store, repository), f"Record of {today}"
    exists = hub.exists(repository)
    if not exists and dry_run:
        return _reported(hub, repository, "created", Change(tuple(sorted(files)), ()))
    if not exists:
        hub.create(repository)
    push = hub.difference(repository, files, (FOLDER,))
    if not push.change:
        return _reported(hub, repository, "unchanged", push.change)
    if hub.newest_title(repository) == title:
        return _reported(hub, repository, "tomorrow", push.change)
    done = push if dry_run else hub.push(repository, files, (FOLDER,), title)
    return _reported(hub, repository, "updated" if exists else "created", done.change, done.commit)


def _owned(repository: str, owner: str) -> str:
    return repository if "/" in repository else f"{owner}/{repository}"


@dataclass(frozen=True)
class Publisher:
    """One run: where to, on which hardware (empty for what the plan has), whether only to look, what commits say."""

    hub: Hub
    owner: str
    hardware: str
    dry_run: bool
    message: str
    sleep: Callable[[float], None]

    def space(self, name: str) -> str:
        """The whole name of a Space."""
        return f"{self.owner}/{NAME.format(name)}"

    def publish(self, bundle: Bundle) -> SpaceReport:
        """Bring one Space to hold its bundle."""
        space = self.space(bundle.name)
        exists = self.hub.exists(space)
        everything = Change(tuple(sorted(bundle.files)), ())
        if not exists and self.dry_run:
            return _reported(self.hub, space, "created", everything)
        try:
            if not exists:
                self._create(space, bundle.sdk)
            push = self._push(space, bundle)
        except PaymentRequired:
            return _reported(self.hub, space, "refused", Change((), ()))
        outcome: Outcome = "created" if not exists else "updated" if push.change else "unchanged"
        return _reported(self.hub, space, outcome, push.change, push.commit)

    def awaited(self, report: SpaceReport) -> SpaceReport:
        """The report with the stage that the Space has come to, and with its log where that is a bad one."""
        if report.outcome == "refused":
            return report
        state = self._settled(report)
        stage, message = str(state["stage"]), str(state.get("errorMessage") or "")
        done = replace(report, stage=stage, hardware=_hardware(state))
        return replace(done, log="\n".join(filter(None, (message, self._log(done))))) if done.failed else done

    def _push(self, space: str, bundle: Bundle) -> Push:
        owned = OWNED if bundle.sdk == "gradio" else ()
        if self.dry_run:
            return self.hub.difference(space, bundle.files, owned)
        return self.hub.push(space, bundle.files, owned, self.message)

    def _create(self, space: str, sdk: str) -> None:
        """Create a Space on what was asked for, or else on the best that the plan includes."""
        if sdk == STATIC:
            self.hub.create(space, sdk)
        elif self.hardware:
            self.hub.create(space, sdk, self.hardware)
        else:
            try:
                self.hub.create(space, sdk)
            except PaymentRequired:
                self.hub.create(space, sdk, ZERO_GPU)

    def _settled(self, report: SpaceReport) -> dict[str, Any]:
        """Ask until the Space is where its commit leads it, or until it is too late; the state that it is in."""
        waited = quiet = 0
        built = report.outcome == "unchanged"
        while True:
            state = self.hub.runtime(report.space)
            stage = str(state["stage"])
            busy = stage in BUSY
            built = built or busy
            arrived = state["sha"] == report.commit if state.get("sha") else built
            if not busy and (arrived or quiet >= SETTLING):
                return state
            if waited >= LONGEST_BUILD:
                return {**state, "errorMessage": f"Still {stage} after {waited // 60} minutes."}
            self.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
            quiet = 0 if busy else quiet + POLL_SECONDS

    def _log(self, report: SpaceReport) -> str:
        try:
            return self.hub.log(report.space, build=report.stage != "RUNTIME_ERROR", lines=LOG_LINES)
        except PublishError as error:
            # The Space's own trouble is what the reader has to hear about.
            return str(error)


def _reported(hub: Hub, repository: str, outcome: Outcome, change: Change, commit: str = "") -> SpaceReport:
    log.info("%s: %s, %d files", repository, outcome, len(change.paths))
    return SpaceReport(repository, hub.page(repository), outcome, change, commit)


def _plan(reports: Sequence[SpaceReport], owner: str) -> tuple[str, ...]:
    """Which plan was found, in words; nothing where the Hub did not tell."""
    refused = any(report.outcome == "refused" for report in reports)
    hardware_in_use = {STATIC} if refused else {report.hardware for report in reports}
    return tuple(words.format(owner=owner) for hardware, words in PLANS.items() if hardware in hardware_in_use)


def _hardware(state: Mapping[str, Any]) -> str:
    """What a Space runs on, or will when it has started."""
    told = state.get("hardware") or {}
    return str(told.get("current") or told.get("requested") or "")
