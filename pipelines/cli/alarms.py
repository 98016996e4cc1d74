"""What `alarms` prints: the findings of the front, as text and as a document that programs read."""

from collections.abc import Mapping
from datetime import datetime

from pipelines.documents import Damaged
from pipelines.documents.alarms import SCHEMA_VERSION, AlarmInfo, AlarmPicture, AlarmsDocument
from pipelines.documents.metrics import METRICS_FILE, MetricsDocument, parse_metrics
from pipelines.errors import NotReadyError
from pipelines.front.findings import Finding, Kind, findings_of
from pipelines.stores.base import Store
from pipelines.wording import counted, joined

LOOK_AGAIN = "Make it anew: python -m pipelines dashboard"
# The picture of a task that shows a finding best; those that are not named have none.
PICTURES: Mapping[Kind, str] = {
    "overdue": "quality", "quality": "quality", "expected": "quality", "quarantine": "drift", "inputs": "drift",
    "mix": "drift",
}  # fmt: skip
# How often each finding is wrong, where that is known; measured, see docs/monitoring.md.
FALSE_ALARMS: Mapping[Kind, str] = {
    "future": "Nothing of it is chance: the days are compared with the clock.",
    "overdue": "Nothing of it is chance: the day has passed until which the data set says that outcomes may take.",
    "quality": "While the promise holds, such an alarm comes after ten years on average, at the earliest.",
    "expected": "None in 12,000 simulated years of an expected accuracy; of a number's error one in 25 years at most.",
    "quarantine": "Chance shows this on one day in 40 where a tenth of the rows are broken, and rarer where fewer are.",
    "inputs": "In 22 simulated years of daily looks there was no false alarm.",
    "mix": "In 22 simulated years of daily looks there was no false alarm.",
}


def alarms(store: Store, now: datetime) -> AlarmsDocument:
    """Everything that `alarms --json` prints.

    Raises
    ------
    NotReadyError
        The store has no numbers yet, or damaged ones.
    """
    metrics = _metrics(store)
    return {
        "schema_version": SCHEMA_VERSION,
        "as_of": now.isoformat(timespec="seconds"),
        "store": metrics["store"],
        "alarms": [_alarm(finding, metrics) for finding in findings_of(metrics["datasets"], metrics["tasks"], now)],
    }


def render(document: AlarmsDocument) -> str:
    """The document as text for a terminal."""
    alarms = document["alarms"]
    told = [f"{alarm['title']}\n  {alarm['detail']}\n  {alarm['advice']}" for alarm in alarms]
    return joined(*told, f"{counted(len(alarms), 'alarm')}." if alarms else "No alarm.")


def _metrics(store: Store) -> MetricsDocument:
    content = store.get_file(METRICS_FILE)
    if content is None:
        raise NotReadyError(f"{store.location} has no {METRICS_FILE} yet. {LOOK_AGAIN}")
    try:
        return parse_metrics(content)
    except Damaged as error:
        raise NotReadyError(f"{METRICS_FILE} in {store.location} is damaged: {error}. {LOOK_AGAIN}") from error


def _alarm(finding: Finding, metrics: MetricsDocument) -> AlarmInfo:
    dataset = metrics["tasks"][finding.tasks[0]]["dataset"] if finding.about else ""
    return {
        # One alarm at a time of a kind and a data set.
        "subject": f"{finding.kind} {dataset}".strip(),
        "kind": finding.kind,
        "state": finding.state,
        "dataset": dataset,
        "tasks": list(finding.tasks),
        "parts": list(finding.parts),
        "since": finding.since,
        "title": ": ".join(filter(None, (finding.about, finding.lead))),
        "detail": finding.detail,
        "advice": finding.advice,
        "false_alarms": FALSE_ALARMS.get(finding.kind, ""),
        "picture": _picture(finding, metrics),
    }


def _picture(finding: Finding, metrics: MetricsDocument) -> AlarmPicture | None:
    name = PICTURES.get(finding.kind)
    alts = metrics["tasks"][finding.tasks[0]].get("pictures", {})
    if name not in alts:
        return None
    return {"file": f"dashboard/{finding.tasks[0]}/{name}.png", "alt": alts[name]}
