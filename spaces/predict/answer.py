"""The answer to one sample, as data: what is predicted, how sure, why, what is near, and what to be careful about."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipelines.datasets.contract import validate
from pipelines.datasets.roles import NEAR
from pipelines.errors import UsageError
from pipelines.models import explain, gaps

from .kinds import answer_part, explained_column, truths_of
from .predictor import Predictor, measured, rounded

NEAREST = 5

STRANGE = (
    "Each value is usual, but the combination is not: no sample that the model learnt from is near. "
    "Trust the answer less."
)


def answer(predictor: Predictor, given: Mapping[str, object]) -> dict[str, Any]:
    """Predict one sample and say why.

    Parameters
    ----------
    given
        The inputs by name, as numbers or text; what is missing or None was not measured.

    Returns
    -------
    JSON values: what `kinds.answer_part` tells, which for a class is `prediction`, `probabilities` (by class, averaged
    over what missing inputs could be), `confidence` and `decision` (in words), and for a number `value`, `low` and
    `high` (95 %), `low_80`, `high_80`, `unit`, `confidence`, `baseline` and `baseline_means`; `remembered` (in words,
    where the model learnt this sample or nearly this one; else None), `pushes` (by how much each input raised the
    probability of the answer, or the number, above that of a typical sample, strongest first), `nearest` (real
    samples), `warnings`, `sample` (as it was understood), `task`, `version`.

    Raises
    ------
    UsageError
        A value breaks the data contract, or nothing was measured at all.
    """
    task, sample = predictor.task, _sample(predictor, given)
    predicted = gaps.predict(predictor.model, sample.to_frame().T, predictor.learnt).iloc[0]
    near = predictor.nearest(sample, NEAREST)
    nearest = _nearest(predictor, near)
    remembered = _remembered(nearest) if sample.notna().all() else None
    told = answer_part(predictor, predicted, remembered=remembered is not None)
    return {
        "task": task.name,
        "version": predictor.model.version,
        **told,
        "remembered": remembered,
        "pushes": _pushes(predictor, sample, explained_column(predictor, told)),
        "nearest": nearest,
        "warnings": _warnings(predictor, sample, is_far=predictor.are_far(near)),
        "sample": measured(sample),
    }


def _sample(predictor: Predictor, given: Mapping[str, object]) -> pd.Series:
    row = pd.DataFrame([{name: given.get(name) for name in predictor.task.inputs}], dtype=object)
    checked = validate(predictor.task.dataset, row, labelled=False, features=predictor.task.inputs)
    if len(checked.rejected):
        raise UsageError(f"This sample cannot be right: {checked.rejected['reasons'].iloc[0]}.")
    if row.isna().all(axis=None):
        raise UsageError("Nothing is filled in; give at least one input.")
    sample: pd.Series = checked.accepted.iloc[0].astype(object)
    return sample


def _pushes(predictor: Predictor, sample: pd.Series, label: str) -> list[dict[str, Any]]:
    if predictor.reference is None:
        return []
    explained = explain.explain(predictor.model, sample, predictor.reference, predictor.learnt)
    effects = explained.contributions[label]
    strongest = effects.abs().sort_values(ascending=False, kind="stable").index
    here, typical = measured(sample), measured(predictor.reference.iloc[0][list(predictor.task.inputs)])
    return [
        {"input": name, "value": here[name], "typical": typical[name], "effect": rounded(effects[name])}
        for name in strongest
    ]


def _nearest(predictor: Predictor, near: pd.DataFrame) -> list[dict[str, Any]]:
    if near.empty:
        return []
    cells = near[list(predictor.task.inputs)].to_dict("records")
    return [
        {"sample_id": name, "label": label, "distance": rounded(distance), **measured(row)}
        for name, label, distance, row in zip(
            near["sample_id"], truths_of(predictor, near), near["distance"], cells, strict=True
        )
    ]


def _remembered(nearest: Sequence[Mapping[str, Any]]) -> str | None:
    """Which learnt sample this one is, where it is as near as rows that never straddle training and test."""
    if not nearest or nearest[0]["distance"] > NEAR:
        return None
    how = "equals" if nearest[0]["distance"] == 0 else "nearly equals"
    return f"This sample {how} {nearest[0]['sample_id']}, which the model learnt as {nearest[0]['label']}."


def _warnings(predictor: Predictor, sample: pd.Series, *, is_far: bool) -> list[str]:
    """Where the sample leaves what the model has seen, and what it lacks."""
    here = measured(sample)
    features = [predictor.task.dataset.feature(name) for name in predictor.task.inputs]
    missing = [feature.title for feature in features if here[feature.name] is None]
    outside = [words for feature in features if (words := predictor.outside(feature, here[feature.name]))]
    stranger = [STRANGE] if is_far and not outside else []
    lacking = [f"Not measured: {', '.join(missing)}. {_filled_with(predictor)}"] if missing else []
    return [*outside, *stranger, *lacking]


def _filled_with(predictor: Predictor) -> str:
    if predictor.learnt.empty:
        return "The model takes typical values instead, and may be surer than it should be."
    return "The answer is the average over what they are in the learnt samples that are most like this one in the rest."
