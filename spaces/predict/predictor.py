"""What the tab of one task works with: the model, the real samples, and what these say about an input."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.arrivals.simulated import simulate_day
from pipelines.datasets.spec import Feature
from pipelines.documents import DECIMALS
from pipelines.errors import PipelineError
from pipelines.models import explain
from pipelines.models.quick import quick
from pipelines.wording import bound, step_within, to_the_step, typical_range

from ..files import SpaceFolder

# A sample is a stranger if it is farther from its nearest real sample than so many real samples are from theirs.
STRANGER_SHARE = 0.99
# More inputs, or classes, than that are too many to look at: the others are folded away or left out.
TELLING = 12
# So many real samples are asked for that distance; more make the limit no sharper and the start slower.
ASKED = 100
# Any day will do for a sample that surprises; these are all that Python can name and no run will ever simulate.
FIRST_DAY, LAST_DAY = date(2500, 1, 1).toordinal(), date(9999, 12, 31).toordinal()


@dataclass(frozen=True)
class Predictor:
    """Everything that the tab of one task needs; `samples` has no columns where none were copied."""

    task: Task
    model: models.Model
    card: str
    samples: pd.DataFrame

    @property
    def features(self) -> list[Feature]:
        """The inputs of the task, in order."""
        return [self.task.dataset.feature(name) for name in self.task.inputs]

    @cached_property
    def telling(self) -> list[Feature]:
        """The inputs that the model relies on most, in order; all of them where they are few."""
        importance = self.model.info.get("importance", {})
        losses = {name: (importance[name]["loss"] or 0.0) if name in importance else 0.0 for name in self.task.inputs}
        most = sorted(losses, key=lambda name: -losses[name])[:TELLING]
        return [feature for feature in self.features if feature.name in most]

    @cached_property
    def learnt(self) -> pd.DataFrame:
        """The real samples that the model learnt from."""
        return self._of_role("train")

    @cached_property
    def kept(self) -> pd.DataFrame:
        """Real samples that were kept from the model, some of each class."""
        return self._of_role("test")

    @cached_property
    def reserve(self) -> pd.DataFrame:
        """Real samples that no model learnt from; new ones are made of them."""
        return self._of_role("reserve")

    @cached_property
    def judgeable(self) -> pd.DataFrame:
        """Those of them whose outcome is known."""
        return self.reserve[self.task.labels(self.reserve).notna()] if len(self.reserve) else self.reserve

    @cached_property
    def reference(self) -> pd.DataFrame | None:
        """The one typical real sample that others are compared with; None without samples."""
        if self.learnt.empty:
            return None
        return explain.typical(self.model.inputs, self.learnt).to_frame().T

    def explained(self, feature: Feature) -> str:
        """What an input means and which values are usual, for a person who fills it in."""
        seen = self.model.inputs[feature.name]
        low, high = seen.get("p01"), seen.get("p99")
        if low is None or high is None:
            return feature.description
        return f"{feature.description} Typical: {typical_range(low, high)}."

    def step(self, feature: Feature) -> float:
        """A step for the arrow keys: about a fiftieth of the typical range, as a power of ten."""
        seen = self.model.inputs[feature.name]
        return step_within(seen["p01"] or 0, seen["p99"] or 0)

    def coarse(self, feature: Feature, value: float) -> str:
        """A value of an input without the digits below a step."""
        return to_the_step(value, self.step(feature))

    def outside(self, feature: Feature, value: Any) -> str:  # noqa: ANN401 - a number or a text
        """What is unusual about a value that training has not seen the like of; empty for any other."""
        seen = self.model.inputs[feature.name]
        if value is None:
            return ""
        if feature.kind == "categorical":
            return "" if value in seen["seen"] else f"{feature.title} {value} did not occur in training."
        low, high = seen["min"], seen["max"]
        if low is None or high is None or low <= value <= high:
            return ""
        return (
            f"{feature.title} {bound(value)} is outside of what the model has seen, "
            f"{bound(low)} to {bound(high)}. Trust the answer less."
        )

    def nearest(self, sample: pd.Series, count: int) -> pd.DataFrame:
        """The learnt samples that are most like one, as `explain.nearest` gives them; no rows without any."""
        return explain.nearest(self.model.inputs, sample, self.learnt, count) if len(self.learnt) else self.learnt

    def are_far(self, nearest: pd.DataFrame) -> bool:
        """Whether a sample is farther from the real ones nearest to it than real ones are from each other."""
        return bool(len(nearest) and nearest["distance"].iloc[0] > self._farthest_neighbour)

    def usual(self, feature: Feature) -> tuple[float, float]:
        """Between what eight of ten learnt samples are; NaN where there are none."""
        values = self.learnt[feature.name] if len(self.learnt) else pd.Series(dtype="float64")
        return float(values.quantile(0.1)), float(values.quantile(0.9))

    def majority(self) -> str:
        """The most frequent class of the learnt samples; the first one without any."""
        if self.learnt.empty:
            return self.task.classes[0]
        return str(self.task.labels(self.learnt).mode().iloc[0])

    def typical_held(self) -> pd.Series | None:
        """The most typical real sample that no model learnt from; None without samples."""
        if self.reserve.empty:
            return None
        return explain.typical(self.model.inputs, self.reserve)

    def held(self, rng: np.random.Generator) -> pd.Series:
        """A real sample that no model learnt from, as frequent of each class as they are."""
        return self.reserve.iloc[int(rng.integers(len(self.reserve)))]

    def example_classes(self) -> list[str]:
        """The classes of which there is a real sample that was kept from the model."""
        there = set(self.task.labels(self.kept)) if len(self.kept) else set()
        return [label for label in self.task.classes if label in there]

    def example(self, label: str, rng: np.random.Generator) -> pd.Series:
        """A real sample of a class that was kept from the model."""
        of_class = self.kept[self.task.labels(self.kept) == label]
        return of_class.iloc[int(rng.integers(len(of_class)))]

    def surprise(self, rng: np.random.Generator) -> pd.Series:
        """A new sample, as the simulator makes them for a day."""
        day = date.fromordinal(int(rng.integers(FIRST_DAY, LAST_DAY)))
        return simulate_day(self.task.dataset, self.reserve, day, 1).iloc[0]

    def drawable(self, sample: Mapping[str, Any]) -> pd.Series:
        """The sample with typical values for what was not measured, since a drawing needs all."""
        typical = {name: about.get("median") for name, about in self.model.inputs.items()}
        if self.reference is not None:
            typical |= self.reference.iloc[0].to_dict()
        return pd.Series({**typical, **{name: value for name, value in sample.items() if value is not None}})

    @cached_property
    def _farthest_neighbour(self) -> float:
        step = max(len(self.learnt) // ASKED, 1)
        among = explain.distances(self.model.inputs, self.learnt.iloc[::step], self.learnt)
        # The nearest of two is another sample: the first is the sample itself.
        return float(np.quantile(np.sort(among, axis=1)[:, :2][:, -1], STRANGER_SHARE))

    def _of_role(self, role: str) -> pd.DataFrame:
        return self.samples[self.samples["role"] == role] if len(self.samples) else self.samples


def predictor_of(space: SpaceFolder, task: Task) -> Predictor | str:
    """What the tab of a task needs, or the sentence that says why it cannot be had."""
    if not (space.model(task) / "model.json").exists():
        return f"There is no model for “{task.title}” yet. It appears here after the first training."
    try:
        model = quick(models.load(space.model(task)))
    except PipelineError as error:
        return f"The model for “{task.title}” cannot be used. {error}"
    if list(model.inputs) != list(task.inputs) or model.classes != task.classes:
        return f"The model for “{task.title}” was trained for other inputs or classes. The next training replaces it."
    return Predictor(task, model, space.card(task), space.samples(task.dataset))


def measured(sample: pd.Series | Mapping[Hashable, Any]) -> dict[str, Any]:
    """A sample's values by name as JSON values: None for what was not measured."""
    return {str(name): as_json(value) for name, value in sample.items()}


def as_json(value: Any) -> float | str | None:  # noqa: ANN401 - a cell of a data frame
    """A cell as a JSON value; None for nothing."""
    return None if pd.isna(value) else value if isinstance(value, str) else rounded(value)


def rounded(value: float) -> float:
    """A number without the digits that mean nothing."""
    return round(float(value), DECIMALS)
