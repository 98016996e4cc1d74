"""What a run did, as Markdown: for the job summary of a workflow, and readable as plain text on a terminal."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.datasets import DataSet, Task
from pipelines.datasets.arrivals import NO_SCENARIO
from pipelines.documents import plain
from pipelines.documents.metrics import Answer, DataPart, TaskPart, live_score
from pipelines.documents.model import Estimate
from pipelines.front.findings import Finding
from pipelines.front.kinds import kind_of, live_words
from pipelines.front.links import links_of
from pipelines.front.sentences import awaiting_sentence, plain_sentences
from pipelines.front.told import answer_part, outcome_part
from pipelines.front.verdict import verdict
from pipelines.models.metrics import metric_title
from pipelines.stores.future import SetAside
from pipelines.wording import counted, escape, joined, markdown_table

if TYPE_CHECKING:  # the pipelines stand above this module
    from pipelines.drafting.draft import Draft
    from pipelines.features.backfill import BackfillReport
    from pipelines.features.daily import FeaturesReport
    from pipelines.inference.pipeline import InferenceReport
    from pipelines.inference.settlement import Settlement
    from pipelines.monitoring.dashboard import DashboardReport
    from pipelines.publishing.publish import PublishReport, SpaceReport
    from pipelines.stores.copying import Copied
    from pipelines.training.pipeline import TrainingReport

COARSE = (
    "Rows of so few different values cannot be told apart: equal ones count as different samples, and all are kept."
)
MARKS = {"ok": "✅", "bad": "⚠️", "late": "🕒", "quiet": "▫️"}
SHOWN = 10  # rows of a list; a summary is for reading, the store has the rest


def backfill_summary(dataset: DataSet, done: "BackfillReport") -> str:
    """What a backfill found and did."""
    roles = ", ".join(f"{count:,} {role}" for role, count in done.roles.items())
    rows = (
        f"{done.rows:,} rows in {escape(done.source)}: {done.accepted:,} accepted ({roles}), {done.written:,} written"
    )
    gaps = f" {done.with_gaps:,} of them lack a measurement." if done.with_gaps else ""
    waiting = f" {done.unlabelled:,} have no label yet, and neither train nor test." if done.unlabelled else ""
    return joined(
        f"### {dataset.title}: backfill",
        f"{rows}.{gaps}{waiting}",
        "\n".join(f"- **{escape(sentence)}**" for sentence in missing_classes(done)),
        "" if done.distinguishable else COARSE,
        _quarantined(done.quarantined, done.reasons),
    )


def mostly_quarantined(done: "FeaturesReport") -> list[str]:
    """A sentence a day of which more samples broke the data contract than kept it."""
    return [
        f"{done.dataset}: {day.quarantined:,} of {day.samples + day.quarantined:,} samples of {day.day} went to "
        "quarantine. Look at the source of the data before anything else."
        for day in done.days
        if day.quarantined > day.samples
    ]


def missing_classes(done: "BackfillReport") -> list[str]:
    """A sentence a task about the classes that no row of a source has."""
    return [
        f"{title}: no row is {' or '.join(absent)}. A model of these data can never give that answer, and its scores "
        "say nothing about it."
        for title, absent in done.absent.items()
    ]


def features_summary(dataset: DataSet, done: "FeaturesReport") -> str:
    """What was due, and what was written."""
    scenario = "" if done.scenario == NO_SCENARIO else f" under the scenario {escape(done.scenario)}"
    days = [(day.day, day.samples, day.quarantined) for day in done.days[-SHOWN:]]
    return joined(
        f"### {dataset.title}: features",
        f"{done.arrivals.title}{scenario} for {counted(len(done.days), 'due day')} up to {done.run_date}; "
        f"{counted(done.written, 'row')} written.",
        markdown_table(("Day", "Samples", "Quarantined"), days),
        _more(len(done.days), "earlier days"),
        _quarantined(done.quarantined, done.reasons),
        escape(done.note),
    )


def training_summary(done: Mapping[Task, "TrainingReport"], failed: Sequence[Task], repository: str = "") -> str:
    """One table for all tasks: the version of each with the score that decides, and whether it is the champion now."""
    moved = sum(report.promoted for report in done.values())
    told = f"{counted(len(done), 'version')} trained, {moved or 'none'} of them now champion" if done else ""
    rows = [
        (
            task.title, "✅ now champion" if report.promoted else "▫️ in the shadow", metric_title(task.scorer),
            f"{_score(task, report.metrics.get(task.scorer))}, version {report.version}",
            _value(task, report.baseline.get(task.scorer)),
        )
        for task, report in done.items()
    ]  # fmt: skip
    simplest = list(dict.fromkeys(_simplest(task) for task in (*done, *failed)))
    simple = simplest[0] if len(simplest) == 1 else "The simplest answer"
    header = ("Task", "State", "Score", "In the test (95 %)", simple)
    return joined(
        _headline(told, failed),
        markdown_table(header, [*rows, *_failures(failed, len(header))]),
        "\n".join(f"- {escape(task.title)}: {escape(report.sentence)}" for task, report in done.items()),
        _help(failed, repository),
    )


def _score(task: Task, measured: Estimate | None) -> str:
    about = outcome_part(task)
    return kind_of(about).score_words(about, task.scorer, measured)


def _value(task: Task, value: float | None) -> str:
    about = outcome_part(task)
    return kind_of(about).value_words(about, task.scorer, value, None)


def _simplest(task: Task) -> str:
    about = outcome_part(task)
    return kind_of(about).simplest(about)[0]


def folded(title: str, markdown: str) -> str:
    """A part of a job summary that opens on a click."""
    return f"<details><summary>{escape(title)}</summary>\n\n{markdown}\n\n</details>\n"


def inference_summary(done: Mapping[Task, "InferenceReport"], failed: Sequence[Task], repository: str = "") -> str:
    """One table for all tasks: how many samples were due and settled, and the newest of them."""
    total = sum(len(served_of(report)) for report in done.values())
    written = sum(report.written for report in done.values())
    told = ""
    if total:
        told = f"{counted(total, 'prediction')} made"
    elif written:
        told = f"{counted(written, 'row')} of predictions written"
    elif done:
        told = "Nothing was due: every arrival has its prediction"
    rows = [
        (
            task.title, "✅", f"{report.champion}{f', {report.challenger} in its shadow' if report.challenger else ''}",
            len(served_of(report)), report.written, _outcomes(report), _newest(task, report),
        )
        for task, report in done.items()
    ]  # fmt: skip
    header = ("Task", "State", "Version", "Predicted", "Rows written", "Outcomes", "Newest")
    return joined(
        _headline(told, failed),
        markdown_table(header, [*rows, *_failures(failed, len(header))]),
        *(f"{escape(task.title)}: {escape(each)}" for task, report in done.items() for each in report.notices),
        _help(failed, repository),
    )


def _outcomes(done: "InferenceReport") -> str:
    """How many outcomes came, and how many are waited for."""
    return " ".join(filter(None, (_settled(done.settlement), awaiting_sentence(plain(asdict(done.awaiting)))))) or "-"


def newest_predictions(task: Task, done: "InferenceReport") -> str:
    """What was predicted, the newest sample first."""
    served = served_of(done)
    return joined(
        markdown_table(
            ("Sample", "Predicted", kind_of(outcome_part(task)).certainty, "Actual", "Outcome"),
            [_prediction_row(task, row) for row in served.head(SHOWN).to_dict("records")],
        ),
        _more(len(served), "older samples"),
    )


def served_of(done: "InferenceReport") -> pd.DataFrame:
    """What the champion predicted, the newest sample first."""
    served = done.predictions[done.predictions["served"] == "champion"]
    return served.sort_values(["event_time", "sample_id"]).iloc[::-1]


def _newest(task: Task, done: "InferenceReport") -> str:
    rows = [_prediction_row(task, row) for row in served_of(done).head(1).to_dict("records")]
    return ", ".join(f"{said} ({verdict})" for _, said, *_, verdict in rows) or "-"


def _headline(told: str, failed: Sequence[Task]) -> str:
    """The state first: a mark and words."""
    if failed:
        return f"### ⚠️ Failed: {escape(', '.join(task.title for task in failed))}. {told}".rstrip(". ") + "."
    return f"### ✅ {told}" if told else "### ▫️ No model is in charge yet: train one first"


def _failures(failed: Sequence[Task], columns: int) -> list[tuple[str, ...]]:
    return [(task.title, "⚠️ failed", *["-"] * (columns - 2)) for task in failed]


def _help(failed: Sequence[Task], repository: str) -> str:
    """What to do about a failure; nothing where there is none."""
    if not failed:
        return ""
    docs = f" [More]({repository}/blob/main/docs/operations.md)." if repository else ""
    return f"What went wrong is in the log of this step. Mend that and run it again: what was done stays done.{docs}"


def _settled(settlement: "Settlement") -> str:
    """Of how many earlier predictions the outcome came; empty where of none."""
    parts = [
        f"{counted(settlement.settled, 'earlier prediction')} settled" if settlement.settled else "",
        f"{counted(settlement.corrected, 'outcome')} corrected" if settlement.corrected else "",
    ]
    return f"{' and '.join(filter(None, parts))}." if any(parts) else ""


def dashboard_summary(done: "DashboardReport", now: datetime) -> str:
    """The verdict first, what to look at and what to do, then a line a task."""
    document = done.document
    told, links = verdict(document, now), links_of(document)
    rows = [
        (
            task["title"], f"{MARKS[told.tasks[name].state]} {told.tasks[name].words}",
            _in_words(task, document["datasets"][task["dataset"]]), metric_title(task["scorer"]),
            live_words(task, task["scorer"], live_score(task["live"], task["scorer"])),
            kind_of(task).score_words(task, task["scorer"], task["held_out"].get(task["scorer"])),
        )
        for name, task in document["tasks"].items()
    ]  # fmt: skip
    addresses = {"The page": links.site, "The log of the predictions": links.run, "What to do": links.docs}
    return joined(
        f"### {MARKS[told.state]} {told.headline}",
        f"{told.as_of} {told.facts}".strip(),
        "\n".join(_finding(finding) for finding in told.findings),
        markdown_table(("Task", "State", "In words", "Score", "On new samples (95 %)", "In the test (95 %)"), rows),
        " · ".join(f"[{words}]({address})" for words, address in addresses.items() if address),
        f"{counted(len(done.written), 'file')} changed.",
        *map(escape, done.notices),
    )


def _in_words(task: TaskPart, data: DataPart) -> str:
    return " ".join(filter(None, (plain_sentences(task, data)[0], awaiting_sentence(task["awaiting"]))))


def _finding(finding: Finding) -> str:
    about = f"{finding.about}: " if finding.about else ""
    return f"- **{escape(about + finding.lead)}.** {escape(finding.detail)}. {finding.advice}"


def publish_summary(done: "PublishReport") -> str:
    """What happened to each Space; the end of its log where it does not run."""
    rows = [(_link(space), space.outcome, len(space.change.paths), space.stage or "-") for space in done.spaces]
    logs = [f"The log of {escape(s.space)} ends with:\n\n{_fenced(s.log)}" for s in done.spaces if s.log]
    return joined(
        "### Spaces" + (" (dry run: nothing was changed)" if done.dry_run else ""),
        markdown_table(("Space or data set", "Outcome", "Files that differ", "Stage"), rows, escaped=(0,)),
        *logs,
        *map(escape, done.notices),
    )


def draft_summary(done: "Draft", workflows: Sequence[str], active: Sequence[str]) -> str:
    """What was written, what is left out, what may be wrong, and what to do next."""
    name, tasks = done.dataset.name, " ".join(task.name for task in done.dataset.tasks)
    features = len(done.dataset.features)
    files = [*map(str, done.files), *(f".github/workflows/{file}" for file in workflows)]
    idle = f"`{name}` is not among DATASETS ({', '.join(active)}) yet; add it there." if active else ""
    return joined(
        f"### {done.dataset.title}: drafted",
        f"{counted(features, 'feature')} for {tasks}. Read the module: what is yours to decide is said there.",
        "\n".join(f"- {file}" for file in files),
        markdown_table(("Left out", "Why"), [(column.header or "(no name)", column.why) for column in done.left_out]),
        "\n".join(f"- **{escape(doubt)}**" for doubt in done.doubts),
        idle,
        "Next:\n\n"
        f"    python -m pipelines backfill {name}\n"
        f"    python -m pipelines train {tasks} --search quick\n"
        f"    DATASETS={name} python -m pipelines demo --days 7",
    )


def repair_summary(dataset: DataSet, location: str, done: Sequence[SetAside]) -> str:
    """What was set aside, and where it is now."""
    if not done:
        return f"{dataset.name}: no day after today is in the store."
    kept = "; ".join(f"{part.rows} rows of {part.group} as {part.file}" for part in done)
    return f"{dataset.name}: set aside in {location}: {kept}. The days up to today are due again."


def copy_summary(done: Sequence["Copied"]) -> str:
    """What was copied of each thing."""
    rows = [(each.what, each.in_source, each.written, each.checksum[:12] or "-") for each in done]
    return joined("### Copy", markdown_table(("What", "In the source", "Written", "Checksum"), rows))


def _told(task: Task, row: Mapping[str, Any]) -> Answer:
    """A row of the predictions group as the document has it."""
    label = None if pd.isna(row["label"]) else row["label"]
    return {"prediction": row["prediction"], "label": label, "corrected_at": None, **answer_part(task, row)}


def _prediction_row(task: Task, row: Mapping[str, Any]) -> tuple[object, ...]:
    about, told = outcome_part(task), _told(task, row)
    kind = kind_of(about)
    actual = "-" if told["label"] is None else kind.said(about, {**told, "prediction": told["label"]})
    return row["sample_id"], kind.said(about, told), kind.sure(about, told), actual, kind.verdict(about, told)


def _quarantined(count: int, reasons: Mapping[str, int]) -> str:
    if not count:
        return ""
    rows = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    table = markdown_table(("Reason", "Rows"), rows[:SHOWN])
    return joined(f"{counted(count, 'row')} went to quarantine:", table, _more(len(rows), "rarer reasons"))


def _link(space: "SpaceReport") -> str:
    return f"[{escape(space.space)}]({space.url})" if space.url else escape(space.space)


def _fenced(log: str) -> str:
    """A log as a code block whose fence is longer than any in it."""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", log)), default=2) + 1)
    return f"{max(fence, '```', key=len)}text\n{log.rstrip()}\n{max(fence, '```', key=len)}"


def _more(total: int, what: str) -> str:
    return f"And {total - SHOWN:,} {what}." if total > SHOWN else ""
