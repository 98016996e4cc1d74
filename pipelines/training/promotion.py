"""Whether a new version takes over: only when it is surely better on rows that neither version has seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipelines import models
from pipelines.datasets import DataSet, Task
from pipelines.datasets.roles import near_groups
from pipelines.models import Model, metrics
from pipelines.models.metrics import Estimate, metric_title

# How much recall of a guarded class a better score may cost: about the sampling error of a class with 100 rows.
RECALL_MARGIN = 0.05

Info = Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """Whether the new version becomes champion, and the sentence with the numbers that says why."""

    promote: bool
    sentence: str


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


def by_order(version: int, order: str, who: str) -> Decision:
    """What a person has ordered: `always` or `never`."""
    if order == "always":
        return Decision(
            promote=True, sentence=f"Version {version} becomes champion because {who} ordered it, whatever its scores."
        )
    return Decision(
        promote=False, sentence=f"Version {version} stays challenger because {who} ordered that it is not promoted."
    )


def against_baseline(task: Task, version: int, info: Info, because: str) -> Decision:
    """Whether a version is surely better than always answering the majority class, where no champion can be met.

    `because` says why there is none, as the beginning of a sentence.
    """
    held_out, baseline = info["metrics"][task.scorer], info["baseline"][task.scorer] or 0.0
    name, rows = metric_title(task.scorer), info["data"]["test_rows"]
    if held_out["low"] is None:
        sentence = f"{because}. Version {version} does not become champion: {rows:,} test rows cannot tell its {name}."
        return Decision(promote=False, sentence=sentence)
    found = f"its {name} on {rows:,} test rows is {_interval(Estimate(**held_out))}"
    better = held_out["low"] > baseline
    verdict = "becomes champion" if better else "does not become champion"
    beside = "above" if better else "not surely above"
    return Decision(
        promote=better,
        sentence=f"{because}. Version {version} {verdict}: {found}, {beside} the {baseline:.3f} of always answering "
        "the majority class.",
    )


def against_champion(
    dataset: DataSet, task: Task, unseen: Unseen, *, challenger: Model, champion: Model, rng: np.random.Generator
) -> Decision:
    """A paired test of two versions on the same rows.

    The new version takes over when the 95 % interval of its gain in the task's score lies above 0, its gain on the
    test rows alone is not negative, and no guarded class loses more than `RECALL_MARGIN` of its recall.
    """
    gains = _gains(dataset, task, unseen.rows, old=champion, new=challenger, rng=rng)
    on_test = _gains(dataset, task, unseen.held_out, old=champion, new=challenger, rng=rng)[task.scorer].value
    gain, name = gains[task.scorer], metric_title(task.scorer)
    lost = {label: -gains[f"recall_{label}"].value for label in task.guarded}
    too_much = [label for label, loss in lost.items() if loss > RECALL_MARGIN]
    found = f"on {unseen} its {name} differs from that of version {champion.version} by {_signed(gain)}"
    if not gain.low > 0 or on_test < 0:
        why = "which is no sure gain" if not gain.low > 0 else f"but on the test rows alone by {on_test:+.3f}"
        return Decision(promote=False, sentence=f"Version {challenger.version} stays challenger: {found}, {why}.")
    if too_much:
        losses = " and ".join(f"recall of {label} falls by {lost[label]:.3f}" for label in too_much)
        return Decision(
            promote=False,
            sentence=f"Version {challenger.version} stays challenger: {found}, but {losses}, "
            f"more than {RECALL_MARGIN}.",
        )
    kept = f", and no guarded recall falls by more than {RECALL_MARGIN}" if task.guarded else ""
    return Decision(promote=True, sentence=f"Version {challenger.version} becomes champion: {found}{kept}.")


def untouched(arrivals: pd.DataFrame, *versions: Info) -> pd.DataFrame:
    """The arrivals that none of the versions has learned from.

    Simulated samples come from the reserve, so they count only where no version has learned from released reserve rows.
    """
    released = {sample for info in versions for sample in info["data"]["released"]}
    whole_days = arrivals["event_time"].dt.date
    touched_days = set(whole_days[arrivals["sample_id"].isin(released)])
    unseen = arrivals[~whole_days.isin(touched_days)]
    if released:
        unseen = unseen[unseen["origin"] != "simulated"]
    return unseen.reset_index(drop=True)


def _gains(
    dataset: DataSet, task: Task, rows: pd.DataFrame, *, old: Model, new: Model, rng: np.random.Generator
) -> dict[str, Estimate]:
    labels = task.labels(rows).to_numpy()
    before, after = (models.predict(model, rows) for model in (old, new))
    return metrics.paired_differences(
        task,
        labels,
        (before["prediction"].to_numpy(), before[task.probability_columns].to_numpy()),
        (after["prediction"].to_numpy(), after[task.probability_columns].to_numpy()),
        rng,
        groups=near_groups(dataset, rows),
    )


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"
