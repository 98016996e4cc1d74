"""Publishing: both Spaces on the Hugging Face Hub, or a static one for an account that cannot have them."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from pipelines.errors import PublishError
from pipelines.publishing.bundle import OWNED, Bundle, site_bundle, space_bundles
from pipelines.publishing.hub import Change, Hub, PaymentRequired, Push
from pipelines.settings import Settings
from pipelines.stores.base import Store

log = logging.getLogger(__name__)

Outcome = Literal["created", "updated", "unchanged", "refused"]

NAME = "serverless-ml-{}"
POLL_SECONDS = 5
# A first build installs some ninety packages, which takes minutes; more than this means that it hangs.
LONGEST_BUILD = 20 * 60
# How long the Hub may still tell the state from before a commit.
SETTLING = 30
LOG_LINES = 60
BUSY = ("BUILDING", "RUNNING_BUILDING", "APP_STARTING", "RUNNING_APP_STARTING")
BROKEN = ("BUILD_ERROR", "CONFIG_ERROR", "RUNTIME_ERROR", "NO_APP_FILE", "DELETING")
SKIPPED = "HF_TOKEN is not set: no Space is published. The store, its pictures and its static page are not affected."
NO_PLAN = (
    "The plan of {owner} does not include Gradio Spaces, so the static page is published instead. The choices: keep "
    "the static page; start both apps yourself with `python -m pipelines serve`; move to a plan with Gradio Spaces "
    "(https://huggingface.co/pricing), or name an organisation that has one as HF_NAMESPACE, and publish again."
)


@dataclass(frozen=True)
class SpaceReport:
    """What happened to one Space. `log` is the end of its build log or run log where it does not run."""

    space: str
    url: str
    outcome: Outcome
    change: Change
    commit: str = ""
    stage: str = ""
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
    publisher = Publisher(hub, owner, dry_run, f"Refresh of {now:%Y-%m-%d %H:%M} UTC", sleep)
    reports = [publisher.publish(bundle) for bundle in space_bundles(store)]
    refused = any(report.outcome == "refused" for report in reports)
    # A static page that an earlier plan left behind must not grow old.
    if refused or hub.exists(publisher.space("site")):
        reports.append(publisher.publish(site_bundle(store)))
    if not dry_run:
        reports = [publisher.awaited(report) for report in reports]
    return PublishReport(dry_run, tuple(reports), (NO_PLAN.format(owner=owner),) if refused else ())


@dataclass(frozen=True)
class Publisher:
    """One run: where to, whether only to look, and what the commits say."""

    hub: Hub
    owner: str
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
            return self._report(space, "created", everything)
        try:
            if not exists:
                self.hub.create(space, bundle.sdk)
            push = self._push(space, bundle)
        except PaymentRequired:
            return self._report(space, "refused", Change((), ()))
        outcome: Outcome = "created" if not exists else "updated" if push.change else "unchanged"
        return self._report(space, outcome, push.change, push.commit)

    def awaited(self, report: SpaceReport) -> SpaceReport:
        """The report with the stage that the Space has come to, and with its log where that is a bad one."""
        if report.outcome == "refused":
            return report
        stage, message = self._settled(report)
        done = replace(report, stage=stage)
        return replace(done, log="\n".join(filter(None, (message, self._log(done))))) if done.failed else done

    def _push(self, space: str, bundle: Bundle) -> Push:
        owned = OWNED if bundle.sdk == "gradio" else ()
        if self.dry_run:
            return self.hub.difference(space, bundle.files, owned)
        return self.hub.push(space, bundle.files, owned, self.message)

    def _settled(self, report: SpaceReport) -> tuple[str, str]:
        """Ask until the Space is where its commit leads it, or until it is too late."""
        waited = quiet = 0
        built = report.outcome == "unchanged"
        while True:
            state = self.hub.runtime(report.space)
            stage = str(state["stage"])
            busy = stage in BUSY
            built = built or busy
            arrived = state["sha"] == report.commit if state.get("sha") else built
            if not busy and (arrived or quiet >= SETTLING):
                return stage, str(state.get("errorMessage") or "")
            if waited >= LONGEST_BUILD:
                return stage, f"Still {stage} after {waited // 60} minutes."
            self.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
            quiet = 0 if busy else quiet + POLL_SECONDS

    def _log(self, report: SpaceReport) -> str:
        try:
            return self.hub.log(report.space, build=report.stage != "RUNTIME_ERROR", lines=LOG_LINES)
        except PublishError as error:
            # The Space's own trouble is what the reader has to hear about.
            return str(error)

    def _report(self, space: str, outcome: Outcome, change: Change, commit: str = "") -> SpaceReport:
        log.info("%s: %s, %d files", space, outcome, len(change.paths))
        return SpaceReport(space, self.hub.page(space), outcome, change, commit)
