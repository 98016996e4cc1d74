"""Why a model answers as it does for one sample: what each input contributes, and which real samples are near.

Contributions are Shapley values against one real reference sample (L. Shapley 1953; "baseline Shapley" in
M. Sundararajan and A. Najmi 2020): what replacing the reference's value by the sample's own changes, averaged over all
orders of replacing. They ask the model alone, so they hold for any model; they add up to the whole difference; with up
to `MOST_EXACT` inputs every combination is asked, so nothing is estimated. One reference instead of many keeps this
within a fraction of a second, and lets a person see what the sample is compared with. A sample with gaps is explained
in each way to fill them, some orders each: an input that was not measured contributes what its likely values do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import factorial

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.documents.model import InputInfo
from pipelines.models.ensemble import Floats
from pipelines.models.gaps import possible
from pipelines.models.model import Model, columns_of_inputs, encode, matrix_answers, told

# 4,096 combinations take a tenth of a second; each input more doubles it.
MOST_EXACT = 12
# Orders tried with more inputs, each also backwards: R. Mitchell et al. (2022), Sampling permutations for Shapley value
# estimation.
ORDERS = 200
# Each order asks the model once an input; with hundreds of inputs, fewer orders for an answer in the same time.
MOST_ASKED = 20_000
SEED = 0
# What a category that differs adds to a squared distance: as much as a number that differs by one standard deviation.
CATEGORY_STEP = 1.0


@dataclass(frozen=True)
class Explanation:
    """What pushed one answer.

    Attributes
    ----------
    contributions
        One row an input, one column a class: by how much the input raised (or lowered) the class's probability; of a
        number one column, `prediction`, in its unit.
    reference
        The real sample that the explained one is compared with: the most typical of its kind.
    base, chances
        The probability of each class (or the number) for the reference and for the sample; the contributions add up to
        the difference.
    exact
        Whether every combination of inputs was asked.
    """

    contributions: pd.DataFrame = field(repr=False)
    reference: pd.Series = field(repr=False)
    base: pd.Series = field(repr=False)
    chances: pd.Series = field(repr=False)
    exact: bool


def explain(
    model: Model, sample: pd.Series, background: pd.DataFrame, learnt: pd.DataFrame | None = None
) -> Explanation:
    """Explain the model's probabilities, or its number, for one sample.

    Parameters
    ----------
    sample
        The inputs by name; others are ignored.
    background
        Real samples, at least one, of which the most typical one becomes the reference.
    learnt
        Real samples to fill gaps of the sample from, as `gaps.predict` does; without any the model fills them itself.
    """
    names = list(model.inputs)
    reference = typical(model.inputs, background)
    forms = possible(model.inputs, sample, background.iloc[:0] if learnt is None else learnt)
    other = encode(model.inputs, reference[names].to_frame().T)
    exact = len(forms) == 1 and len(names) <= MOST_EXACT
    masks, weights = _every_combination(len(names)) if exact else _some_orders(len(names), len(forms))
    asked = masks[:, columns_of_inputs(model.inputs)]
    mixtures = np.where(asked, np.repeat(forms, len(masks) // len(forms), axis=0), other)
    # Asked together: to one row a model answers hardly sooner than to a hundred.
    answers = told(model, matrix_answers(model, np.concatenate([mixtures, forms, other])))
    of_mixtures, of_forms = answers.iloc[: len(masks)], answers.iloc[len(masks) : -1]
    return Explanation(
        contributions=pd.DataFrame(weights @ of_mixtures.to_numpy(), index=names, columns=answers.columns),
        reference=reference,
        base=answers.iloc[-1].rename(None),
        chances=of_forms.mean(),
        exact=exact,
    )


def typical(inputs: Mapping[str, InputInfo], samples: pd.DataFrame) -> pd.Series:
    """The most typical sample: the nearest to the medians, and of the most frequent categories where there are any."""
    if len(samples) == 1:
        return samples.iloc[0]
    middle = {name: _middle(samples[name], about["kind"]) for name, about in inputs.items()}
    return nearest(inputs, pd.Series(middle, dtype=object), samples, 1).iloc[0].drop("distance")


def nearest(inputs: Mapping[str, InputInfo], sample: pd.Series, samples: pd.DataFrame, count: int) -> pd.DataFrame:
    """The `count` samples that are most like one, nearest first, with a column `distance`, see `distances`."""
    own = distances(inputs, sample.to_frame().T, samples)[0]
    order = np.argsort(own, kind="stable")[:count]
    return samples.iloc[order].assign(distance=own[order])


def distances(inputs: Mapping[str, InputInfo], some: pd.DataFrame, samples: pd.DataFrame) -> Floats:
    """How far each of some samples is from each of `samples` (len(some), len(samples)).

    Euclidean over the inputs, in standard deviations of `samples`; a category that differs counts as one standard
    deviation, a cell that either lacks as none.
    """
    squares = np.zeros((len(some), len(samples)))
    for name, about in inputs.items():
        squares += _squared_steps(some[name], samples[name], about["kind"])
    return np.sqrt(squares)


def _squared_steps(some: pd.Series, values: pd.Series, kind: str) -> Floats:
    if kind != "numeric":
        same = [(values == value).to_numpy(dtype=bool, na_value=False) for value in some]
        return np.where(same, 0.0, CATEGORY_STEP)
    own, numbers = (cells.to_numpy(dtype=np.float64, na_value=np.nan) for cells in (some, values))
    spread = np.nanstd(numbers) if np.isfinite(numbers).any() else 0.0
    return np.asarray(np.nan_to_num(((numbers - own[:, None]) / (spread or 1.0)) ** 2))


def _middle(values: pd.Series, kind: str) -> object:
    measured = values.dropna()
    if measured.empty:
        return None
    return measured.median() if kind == "numeric" else measured.mode().iloc[0]


def _every_combination(m: int) -> tuple[npt.NDArray[np.bool_], Floats]:
    """All 2^m combinations of inputs (rows), and how much the answer to each adds to each input's value (m, 2^m)."""
    masks = (np.arange(2**m)[:, None] >> np.arange(m) & 1).astype(bool)
    size = masks.sum(axis=1)
    share = np.array([factorial(s) * factorial(m - s - 1) / factorial(m) for s in range(m)])
    joined = share[np.maximum(size - 1, 0)]
    left_out = share[np.minimum(size, m - 1)]
    return masks, np.where(masks, joined[:, None], -left_out[:, None]).T


def _some_orders(m: int, forms: int) -> tuple[npt.NDArray[np.bool_], Floats]:
    """The combinations met while the inputs are replaced one by one in some orders, with the same weights as above.

    The only form of a sample has `ORDERS` of them, or fewer with many inputs, each of several forms has one; each order
    also runs backwards.
    """
    rng = np.random.default_rng(SEED)
    count = min(ORDERS, MOST_ASKED // (2 * (m + 1))) if forms == 1 else forms
    forward = [rng.permutation(m) for _ in range(count)]
    orders = [each for order in forward for each in (order, order[::-1])]
    masks = np.concatenate([np.argsort(order)[None, :] < np.arange(m + 1)[:, None] for order in orders])
    weights = np.zeros((m, len(masks)))
    for number, order in enumerate(orders):
        first = number * (m + 1)
        weights[order, first + np.arange(1, m + 1)] += 1 / len(orders)
        weights[order, first + np.arange(m)] -= 1 / len(orders)
    return masks, weights
