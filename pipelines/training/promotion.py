"""Whether a new version takes over: only when it is surely better on rows that neither version has seen."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import singledispatch
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.arrivals import ARRIVED, DERIVED
from pipelines.datasets.outcomes import Classes, Number
from pipelines.datasets.roles import sample_groups
from pipelines.documents import Damaged
from pipelines.documents.model import CARD_FILE, TO_JUDGE, ModelInfo, demand
from pipelines.documents.model import Estimate as Score
from pipelines.errors import ChampionMoved, ModelRefused, UsageError
from pipelines.models import Model, metrics
from pipelines.models.kinds import WHAT
from pipelines.models.metrics import LOWER_IS_BETTER, Estimate, metric_title
from pipelines.stores.base import ChampionEntry, Store
from pipelines.stores.catalogue import (
    backfilled_source,
    champion_version,
    first_arrival,
    load_version,
    read_history,
    samples_group,
    tells_rows_apart,
)
from pipelines.training.data import distinct, labelled
from pipelines.training.parts import told_apart
from pipelines.wording import estimate, number, readable

# How much recall of a guarded class a better score may cost: about the sampling error of a class with 100 rows.
RECALL_MARGIN = 0.05

# How often another run may move the champion meanwhile before this one gives up.
ATTEMPTS = 5
DIGITS = 3  # of a score
SHORT = 12  # characters that name a fingerprint or a commit


@dataclass(frozen=True)
class Decision:
    """Whether the new version becomes champion, and the sentence with the numbers that says why.

    `meeting` is what it rests on, where two versions met.
    """

    promote: bool
    sentence: str
    meeting: "Meeting | None" = field(default=None, repr=False)


@dataclass(frozen=True)
class Unseen:
    """Labelled rows that neither version has learned from: `held_out` of the role test, then `arrived` ones."""

    held_out: pd.DataFrame
    arrived: pd.DataFrame

    @property
    def rows(self) -> pd.DataFrame:
        """All of them."""
        return pd.concat([self.held_out, self.arrived], ignore_index=True) if len(self.arrived) else self.held_out

    def __str__(self) -> str:
        arrivals = f" and {len(self.arrived):,} arrivals" if len(self.arrived) else ""
        return f"{len(self.held_out):,} test rows{arrivals} that neither has seen"


@dataclass(frozen=True)
class Meeting:
    """A champion and a challenger on the same rows: by how much the challenger's scores differ, and on the test rows
    alone its deciding one.
    """

    champion: Model
    unseen: Unseen
    gains: Mapping[str, Estimate]
    on_test: float


def decide_succession(
    store: Store, task: Task, model: Model, *, now: datetime, who: str, order: str
) -> tuple[int | None, Decision]:
    """Decide on a registered version against the champion as it is, and move the champion where it has earned it.

    Parameters
    ----------
    order
        `auto`, or what a person has ordered: `always`, `never`.

    Returns
    -------
    The champion after that (None: there is none), and the decision.

    Raises
    ------
    ChampionMoved
        Other runs moved the champion each time.
    """
    for _ in range(ATTEMPTS):
        entry = store.champion(task.name)
        champion = entry.version if entry else None
        if entry and champion == model.version:
            # Promoted by a run that ended before it wrote its decision down: in the words that it would have written.
            return champion, Decision(promote=True, sentence=entry.reason.removesuffix(_grounds(model.info)))
        decision = _decision(store, task, model, champion=champion, who=who, order=order)
        if not decision.promote:
            return champion, decision
        reason = _reason(decision, model.info)
        try:
            store.move_champion(ChampionEntry(task.name, model.version, now, who, reason), champion)
        except ChampionMoved:
            continue
        return model.version, decision
    raise ChampionMoved(f"Other runs moved the champion of {task.name} {ATTEMPTS} times in a row. Promote it by hand.")


def promote(store: Store, task: Task, version: int, *, when: datetime, who: str, reason: str) -> ChampionEntry:
    """Make a registered version the champion, forward or back, because a person says so.

    Raises
    ------
    NotFound
        There is no such version.
    ModelRefused
        It cannot be loaded here, so it could not predict, or it was trained on another source: what was a training
        row then may be a test or reserve row now.
    UsageError
        No reason is given.
    """
    if not reason.strip():
        raise UsageError("A promotion needs a reason that others can read later; give --reason TEXT.")
    refuse_another_source(store, task, load_judged(store, task, version))
    champion = champion_version(store, task)
    entry = ChampionEntry(task.name, version, when, who, readable(reason).strip())
    store.move_champion(entry, champion)
    return entry


def load_judged(store: Store, task: Task, version: int) -> Model:
    """A registered version whose `model.json` says what a decision about it needs, or `ModelRefused`."""
    return load_with_card(store, task, version)[0]


def load_with_card(store: Store, task: Task, version: int) -> tuple[Model, str]:
    """The same and its model card, which is empty where somebody has taken it away."""
    model, card = load_version(store, task, version, _model_and_card)
    try:
        demand(model.info, TO_JUDGE)
    except Damaged as error:
        raise ModelRefused(
            f"Version {version} of {task.name} cannot be judged by its model.json: {error}. Train a new version."
        ) from error
    return model, card


def _model_and_card(folder: Path) -> tuple[Model, str]:
    card = folder / CARD_FILE
    # For people alone: what is wrong with it is a warning of `models.load`.
    return models.load(folder), card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""


def by_order(version: int, order: str, who: str) -> Decision:
    """What a person has ordered: `always` or `never`."""
    if order == "always":
        return Decision(
            promote=True, sentence=f"Version {version} becomes champion because {who} ordered it, whatever its scores."
        )
    return Decision(
        promote=False, sentence=f"Version {version} stays challenger because {who} ordered that it is not promoted."
    )


def against_baseline(task: Task, version: int, info: ModelInfo, because: str) -> Decision:
    """Whether a version is surely better than what knows nothing, where no champion can be met.

    `because` says why there is none, as the beginning of a sentence.
    """
    held_out, baseline = info["metrics"][task.scorer], info["baseline"][task.scorer] or 0.0
    better_than, worse = _beside(task)
    name, rows = metric_title(task.scorer), info["data"]["test_rows"]
    if held_out["low"] is None:
        sentence = f"{because}. Version {version} does not become champion: {rows:,} test rows cannot tell its {name}."
        return Decision(promote=False, sentence=sentence)
    reached = f"its {name} on {rows:,} test rows is {estimate(held_out, DIGITS)}"
    better = _is_better(task.outcome, task, info)
    verdict = "becomes champion" if better else "does not become champion"
    beside = better_than if better else worse
    return Decision(
        promote=better,
        sentence=f"{because}. Version {version} {verdict}: {reached}, {beside} the {number(baseline, DIGITS)} of "
        f"{simplest_answer(task)}.",
    )


def against_champion(
    task: Task, unseen: Unseen, *, challenger: Model, champion: Model, rng: np.random.Generator
) -> Decision:
    """A paired test of two versions on the same rows.

    The new version takes over when the 95 % interval of its gain in the task's score lies above 0 (of an error: its
    saving), its gain on the
    test rows alone is not negative, and no guarded class loses more than `RECALL_MARGIN` of its recall.
    """
    gains = _gains(task, unseen.rows, old=champion, new=challenger, rng=rng)
    on_test = _gains(task, unseen.held_out, old=champion, new=challenger, rng=rng)[task.scorer].value
    meeting = Meeting(champion, unseen, gains, on_test)
    objection = objection_to(task, meeting)
    difference = estimate(asdict(gains[task.scorer]), DIGITS, signed=True)
    compared = (
        f"on {unseen} its {metric_title(task.scorer)} differs from that of version {champion.version} by {difference}"
    )
    if objection:
        sentence = f"Version {challenger.version} stays challenger: {compared}, {objection}."
        return Decision(promote=False, sentence=sentence, meeting=meeting)
    kept = f", and no guarded recall falls by more than {RECALL_MARGIN}" if task.guarded else ""
    sentence = f"Version {challenger.version} becomes champion: {compared}{kept}."
    return Decision(promote=True, sentence=sentence, meeting=meeting)


def objection_to(task: Task, meeting: Meeting) -> str:
    """Why a challenger does not take over, as the end of a sentence; empty where it does."""
    if not advantage(task, meeting.gains[task.scorer]).low > 0:
        return "which is no sure gain"
    if advantage(task, Estimate(meeting.on_test, meeting.on_test, meeting.on_test)).value < 0:
        return f"but on the test rows alone by {number(meeting.on_test, DIGITS, signed=True)}"
    lost = {label: -meeting.gains[f"recall_{label}"].value for label in task.guarded}
    too_much = [
        f"recall of {name} falls by {number(loss, DIGITS)}" for name, loss in lost.items() if loss > RECALL_MARGIN
    ]
    return f"but {' and '.join(too_much)}, more than {RECALL_MARGIN}" if too_much else ""


def advantage(task: Task, score: Estimate, over: float = 0.0) -> Estimate:
    """By how much a deciding score is better than another value: the sign is turned where lower is better."""
    if task.scorer in LOWER_IS_BETTER:
        return Estimate(over - score.value, over - score.high, over - score.low)
    return Estimate(score.value - over, score.low - over, score.high - over)


def simplest_answer(task: Task) -> str:
    """What a version has to be better than, as the end of a sentence."""
    return _simplest(task.outcome, task)


@singledispatch
def _simplest(outcome: object, task: Task) -> str:
    raise NotImplementedError


@_simplest.register
def _(outcome: Classes, task: Task) -> str:  # noqa: ARG001 - of any classes
    return "always answering the majority class"


@_simplest.register
def _(outcome: Number, task: Task) -> str:  # noqa: ARG001 - of any number
    if task.baseline:
        return f"always answering {task.dataset.feature(task.baseline).title.lower()}"
    return "always answering today's value" if task.persistence else "always answering the mean"


@singledispatch
def _is_better(outcome: object, task: Task, info: ModelInfo) -> bool:
    """Whether the held-out score is surely better than that of the simplest answer."""
    raise NotImplementedError


@_is_better.register
def _(outcome: Classes, task: Task, info: ModelInfo) -> bool:  # noqa: ARG001 - of any classes
    return advantage(task, _estimated(info["metrics"][task.scorer]), over=info["baseline"][task.scorer] or 0.0).low > 0


@_is_better.register
def _(outcome: Number, task: Task, info: ModelInfo) -> bool:  # noqa: ARG001 - of any number
    # Skill sets both against each other on the same rows, whose numbers may be hard for both.
    return _estimated(info["metrics"]["skill"]).low > 0


def _beside(task: Task) -> tuple[str, str]:
    """How a score that is surely better lies beside the other, and how one that is not."""
    word = "below" if task.scorer in LOWER_IS_BETTER else "above"
    return word, f"not surely {word}"


def _estimated(score: Score) -> Estimate:
    return Estimate(*(math.nan if end is None else end for end in (score["value"], score["low"], score["high"])))


def untouched(arrivals: pd.DataFrame, *versions: ModelInfo) -> pd.DataFrame:
    """The arrivals that none of the versions has learned from.

    Simulated samples come from the reserve, so they count only where no version has learned from released reserve rows.
    """
    released = {sample for info in versions for sample in info["data"]["released"]}
    whole_days = arrivals["event_time"].dt.date
    touched_days = set(whole_days[arrivals["sample_id"].isin(released)])
    unseen = arrivals[~whole_days.isin(touched_days)]
    if released:
        unseen = unseen[~unseen["origin"].isin(DERIVED)]
    return unseen.reset_index(drop=True)


def _gains(task: Task, rows: pd.DataFrame, *, old: Model, new: Model, rng: np.random.Generator) -> dict[str, Estimate]:
    labels = task.labels(rows).to_numpy()
    before, after = (models.predict(model, rows) for model in (old, new))
    return metrics.paired_differences(
        task,
        labels,
        (before["prediction"].to_numpy(), before[task.answer_columns].to_numpy()),
        (after["prediction"].to_numpy(), after[task.answer_columns].to_numpy()),
        rng,
        groups=sample_groups(task.dataset, rows, distinguishable=told_apart(new)),
    )


def _decision(store: Store, task: Task, model: Model, *, champion: int | None, who: str, order: str) -> Decision:
    if order != "auto":
        return by_order(model.version, order, who)
    return judge(store, task, model, champion)


def judge(store: Store, task: Task, model: Model, champion: int | None) -> Decision:
    """Whether a model has earned the place of the champion, on rows that neither has seen; the store stays as it is."""
    if champion is None:
        return against_baseline(task, model.version, model.info, f"{task.title} has no champion yet")
    try:
        present = load_judged(store, task, champion)
    except ModelRefused as error:
        because = f"The champion, version {champion}, can no longer predict: {str(error).rstrip('.')}"
        return against_baseline(task, model.version, model.info, because)
    hindrance = _hindrance(present, model)
    if hindrance:
        return against_baseline(task, model.version, model.info, hindrance)
    unseen = _unseen(store, task, model.info, present.info)
    rng = np.random.default_rng(0)
    return against_champion(task, unseen, challenger=model, champion=present, rng=rng)


def _hindrance(champion: Model, challenger: Model) -> str:
    """Why two versions cannot be compared on unseen rows; empty where they can."""
    ours, theirs = (models.outcome_kind(model.info) for model in (challenger, champion))
    if ours != theirs:
        return f"The champion, version {champion.version}, predicts {WHAT[theirs]} and this version {WHAT[ours]}"
    if champion.classes != challenger.classes or list(champion.inputs) != list(challenger.inputs):
        return f"The champion, version {champion.version}, has other classes or inputs"
    new, old = (model.info["data"]["source"].get("sha256") for model in (challenger, champion))
    if new != old:
        return f"The champion, version {champion.version}, learned from another source and may know these test rows"
    return ""


def unseen_since(task: Task, rows: pd.DataFrame, *versions: ModelInfo) -> pd.DataFrame:
    """The labelled rows that are newer than all that any of the versions has learned from."""
    until = max(pd.Timestamp(info["data"].get("trained_until")) for info in versions)
    return labelled(task, rows[rows["event_time"] > until]).sort_values("event_time", ignore_index=True)


def _unseen(store: Store, task: Task, *versions: ModelInfo) -> Unseen:
    history = read_history(store, task.dataset)
    if task.dataset.split == "time":
        tested = history[history["role"] == "test"]
        arrived = store.read(samples_group(task.dataset), start=first_arrival(task.dataset), where={"origin": ARRIVED})
        return Unseen(unseen_since(task, pd.concat([tested, arrived]), *versions), arrived.iloc[:0])
    arrivals = store.read(samples_group(task.dataset), where={"origin": ARRIVED})
    return Unseen(
        held_out=distinct(
            task,
            labelled(task, history[history["role"] == "test"]),
            distinguishable=tells_rows_apart(store, task.dataset),
        ),
        arrived=labelled(task, untouched(arrivals, *versions)),
    )


def _reason(decision: Decision, info: ModelInfo) -> str:
    """The sentence of the champion log: the decision, and the data and code that it rests on."""
    return decision.sentence + _grounds(info)


def _grounds(info: ModelInfo) -> str:
    data, commit = info["data"]["fingerprint"][:SHORT], info["commit"][:SHORT]
    return f" Data {data}, commit {commit or 'unknown'}."


def refuse_another_source(store: Store, task: Task, model: Model) -> None:
    """Refuse a version that learned from another source than the store has now, with `ModelRefused`."""
    learned, present = model.info["data"]["source"], backfilled_source(store, task.dataset)
    if learned.get("sha256") != (present["sha256"] if present else None):
        raise ModelRefused(
            f"Version {model.version} of {task.name} learned from {learned.get('name')}, and the store now has those "
            f"of {present['name'] if present else None}: it may have learned rows that it would be judged on. Train a "
            "new version."
        )
