"""A month in which something goes wrong, simulated in memory with the code of the daily runs.

The first days are as usual; then the trouble begins. After the first alarm somebody puts another version in charge, in
haste; three days later it is promoted back; and ten days before the end the source is mended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd

from pipelines import models
from pipelines.datasets import DataSet, Task
from pipelines.datasets.arrivals import NO_SCENARIO
from pipelines.datasets.arrivals.simulated import simulate_days
from pipelines.datasets.contract import quarantine_rows, validate
from pipelines.documents import DECIMALS, plain
from pipelines.documents.metrics import DayPart, DayScores
from pipelines.documents.what_if import Event, EventKind, Frame, Story
from pipelines.front.findings import findings_of
from pipelines.models import Model
from pipelines.monitoring import drift
from pipelines.monitoring.document import DataState, TaskState, dataset_document, day_document, drift_told
from pipelines.monitoring.ledger import Ledger
from pipelines.monitoring.quality import quality_over_time
from pipelines.stores.base import ChampionEntry
from pipelines.stores.catalogue import predictions_group

# Long ago, so that nobody takes it for this month; its dates are the days of the story.
FIRST_DAY = date(2001, 1, 1)
DAYS, PER_DAY = 30, 20
BEGINS, MENDED = 11, 21
# Before it nothing has happened that is worth a look.
SHOWN_FROM = BEGINS - 1
# Days from the alarm until another version answers, and until it is gone again.
HASTE, PATIENCE = 1, 4
NEVER = DAYS + 1
DAILY_RUN = time(6, 47, tzinfo=UTC)


@dataclass(frozen=True)
class Player:
    """A task with the version in charge and a hasty one, which answers from the day `first` until the day `back`.

    `answers` has what each of both would say to all that comes, by version.
    """

    task: Task
    champion: Model = field(repr=False)
    hasty: Model = field(repr=False)
    answers: Mapping[int, pd.DataFrame] = field(repr=False, default_factory=dict)
    first: int = NEVER
    back: int = NEVER

    def served(self, end: int = NEVER) -> pd.DataFrame:
        """The rows of the predictions group up to, not including, a day."""
        old, new = self.answers[self.champion.version], self.answers[self.hasty.version]
        times = old["event_time"]
        hasty = (times >= _midnight(self.first)) & (times < _midnight(self.back))
        rows = pd.concat([old[~hasty], new[hasty]], ignore_index=True)
        return rows[rows["event_time"] < _midnight(end)]

    def state(self, day: int) -> TaskState:
        """What a store would hold of the task after a day."""
        reigns = [(1, self.champion), (self.first, self.hasty), (self.back, self.champion)]
        past = [(first, model) for first, model in reigns if first <= day]
        log = [
            ChampionEntry(self.task.name, model.version, _clock(first), "what if", "as the story goes")
            for first, model in past
        ]
        return TaskState(Ledger.of(self.task, self.served(day + 1)), log, [], past[-1][1].version, past[-1][1].info)


@dataclass(frozen=True)
class Stage:
    """A data set with its history, and its tasks that have a champion."""

    dataset: DataSet
    historical: pd.DataFrame = field(repr=False)
    distinguishable: bool
    players: tuple[Player, ...]


def played(stage: Stage, scenario: str) -> Story:
    """The month of one data set under a scenario."""
    data = _arrived(stage, scenario)
    every_day = [_date(day) for day in range(1, DAYS + 1)]
    alarms = drift.alarms_by_day(stage.dataset, data.reference, data.arrivals, every_day)
    players = [replace(player, answers=_answers(player, data.arrivals)) for player in stage.players]
    frames: list[Frame] = []
    events = [_event(BEGINS, "begins"), _event(MENDED, "mended")]
    for day in range(SHOWN_FROM, DAYS + 1):
        frames.append(_frame(day, data, players, alarms))
        concerned = _concerned(frames[-1], day)
        if concerned and day >= BEGINS and all(player.first == NEVER for player in players):
            players = [_hasty(each, day) if each.task.name in concerned else each for each in players]
            events += [
                _event(day, "alarm", concerned),
                _event(day + HASTE, "haste", concerned),
                _event(day + PATIENCE, "back", concerned),
            ]
    return {"frames": frames, "over_time": {each.task.name: _course(each) for each in players}, "events": events}


def _hasty(player: Player, alarm: int) -> Player:
    """The player after what somebody does about an alarm."""
    return replace(player, first=alarm + HASTE, back=alarm + PATIENCE)


def _arrived(stage: Stage, scenario: str) -> DataState:
    """All that came in the month, and what of it was refused."""
    data = DataState(stage.dataset, stage.historical, pd.DataFrame(), pd.DataFrame())
    rows = pd.concat(
        simulate_days(
            stage.dataset, data.reference, [_date(day) for day in range(first, end)], PER_DAY, own,
            distinguishable=stage.distinguishable,
        )
        for first, end, own in ((1, BEGINS, NO_SCENARIO), (BEGINS, MENDED, scenario), (MENDED, NEVER, NO_SCENARIO))
    )  # fmt: skip
    checked = validate(stage.dataset, rows.reset_index(drop=True))
    refused = quarantine_rows(checked.rejected, f"simulate {scenario}", _clock(1))
    refused["seen_at"] = _run_of(checked.rejected["event_time"]).to_numpy()
    return replace(data, arrivals=checked.accepted, quarantine=refused, quarantined=len(refused))


def _answers(player: Player, arrivals: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Rows of the predictions group for all arrivals, by the version that they are of."""
    rows = arrivals[["sample_id", "event_time"]].assign(
        predicted_at=_run_of(arrivals["event_time"]), served="champion", label=player.task.labels(arrivals), run_url=""
    )
    columns = predictions_group(player.task).column_names
    return {
        model.version: rows.assign(model_version=model.version)
        .join(models.predict(model, arrivals))
        .reindex(columns=columns)
        for model in (player.champion, player.hasty)
    }


def _frame(day: int, data: DataState, players: Sequence[Player], alarms: Mapping[date, Sequence[str]]) -> Frame:
    end = _midnight(day + 1)
    arrivals = data.arrivals[data.arrivals["event_time"] < end]
    quarantine = data.quarantine[data.quarantine["seen_at"] < end]
    seen = replace(data, arrivals=arrivals, quarantine=quarantine, arrived=len(arrivals), quarantined=len(quarantine))
    past = {each: names for each, names in alarms.items() if each <= _date(day)}
    told = dataset_document(seen, drift_told(seen, past))
    tasks = {player.task.name: _slim(day_document(player.state(day), seen)) for player in players}
    return {"day": day, "datasets": {data.dataset.name: {**told, "quarantine": []}}, "tasks": tasks}


def _slim(document: Mapping[str, Any]) -> DayPart:
    """Without what only the folded parts show."""
    told = {"version", "n", "accuracy", "quadratic_kappa", document["scorer"]}
    told |= {f"recall_{name}" for name in document["guarded"]} | {alarm["score"] for alarm in document["alarms"]}
    live = {name: score for name, score in document["live"].items() if name in told}
    held_out = {name: document["held_out"][name] for name in ("accuracy", document["scorer"])}
    drift = {**document["drift"], "tests": []}
    slim = {**document, "live": live, "held_out": held_out, "drift": drift, "recent": document["recent"][:1]}
    part: DayPart = plain(slim, DECIMALS)
    return part


def _concerned(frame: Frame, day: int) -> list[str]:
    """The tasks that something is found about."""
    findings = findings_of(frame["datasets"], frame["tasks"], _clock(day))
    return sorted({task for finding in findings for task in finding.tasks})


def _course(player: Player) -> list[DayScores]:
    score = f"rolling_{player.task.scorer}"
    course = quality_over_time(Ledger.of(player.task, player.served()))
    points: list[DayScores] = plain(course[["version", "day", score]].to_dict("records"), DECIMALS)
    return points


def _event(day: int, kind: EventKind, tasks: Sequence[str] = ()) -> Event:
    return {"day": day, "kind": kind, "tasks": list(tasks)}


def _date(day: int) -> date:
    return FIRST_DAY + timedelta(days=day - 1)


def _clock(day: int) -> datetime:
    return datetime.combine(_date(day), DAILY_RUN)


def _midnight(day: int) -> datetime:
    return datetime.combine(_date(day), time(), UTC)


def _run_of(times: pd.Series) -> pd.Series:
    """The daily run of the day of each time."""
    return times.dt.normalize() + (_clock(1) - _midnight(1))
