"""Letting a new version take over from the champion, if `promotion` says so, with an entry in the champion log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from pipelines.datasets import DataSet, Task
from pipelines.errors import ChampionMoved, ModelRefused
from pipelines.models import Model
from pipelines.registration import load_registered
from pipelines.stores.base import ChampionEntry, Store
from pipelines.stores.catalogue import samples_group
from pipelines.training import promotion
from pipelines.training.data import distinct, labelled, read_history
from pipelines.training.promotion import Decision, Unseen

# How often another run may move the champion meanwhile before this one gives up.
ATTEMPTS = 5
ARRIVALS = ("simulated", "replayed")
SHORT = 12  # characters that name a fingerprint or a commit


def decide_succession(
    store: Store, dataset: DataSet, task: Task, model: Model, *, now: datetime, who: str, order: str
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
        decision = _decision(store, dataset, task, model, champion=champion, who=who, order=order)
        if not decision.promote:
            return champion, decision
        reason = _reason(decision, model.info)
        try:
            store.move_champion(ChampionEntry(task.name, model.version, now, who, reason), champion)
        except ChampionMoved:
            continue
        return model.version, decision
    raise ChampionMoved(f"Other runs moved the champion of {task.name} {ATTEMPTS} times in a row. Promote it by hand.")


def _decision(
    store: Store, dataset: DataSet, task: Task, model: Model, *, champion: int | None, who: str, order: str
) -> Decision:
    if order != "auto":
        return promotion.by_order(model.version, order, who)
    if champion is None:
        return promotion.against_baseline(task, model.version, model.info, f"{task.title} has no champion yet")
    try:
        present = load_registered(store, task, champion)
    except ModelRefused as error:
        because = f"The champion, version {champion}, can no longer predict: {str(error).rstrip('.')}"
        return promotion.against_baseline(task, model.version, model.info, because)
    hindrance = _hindrance(present, model)
    if hindrance:
        return promotion.against_baseline(task, model.version, model.info, hindrance)
    unseen = _unseen(store, dataset, task, model.info, present.info)
    rng = np.random.default_rng(0)
    return promotion.against_champion(dataset, task, unseen, challenger=model, champion=present, rng=rng)


def _hindrance(champion: Model, challenger: Model) -> str:
    """Why two versions cannot be compared on unseen rows; empty where they can."""
    if champion.classes != challenger.classes or list(champion.inputs) != list(challenger.inputs):
        return f"The champion, version {champion.version}, has other classes or inputs"
    ours, theirs = (model.info["data"]["source"].get("sha256") for model in (challenger, champion))
    if ours != theirs:
        return f"The champion, version {champion.version}, learned from another source and may know these test rows"
    return ""


def _unseen(store: Store, dataset: DataSet, task: Task, *versions: Mapping[str, Any]) -> Unseen:
    history = read_history(store, dataset)
    arrivals = store.read(samples_group(dataset), where={"origin": ARRIVALS})
    return Unseen(
        held_out=distinct(task, labelled(task, history[history["role"] == "test"])),
        arrived=labelled(task, promotion.untouched(arrivals, *versions)),
    )


def _reason(decision: Decision, info: Mapping[str, Any]) -> str:
    """The sentence of the champion log: the decision, and the data and code that it rests on."""
    data, commit = info["data"]["fingerprint"][:SHORT], info["commit"][:SHORT]
    return f"{decision.sentence} Data {data}, commit {commit or 'unknown'}."
