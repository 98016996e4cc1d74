"""Samples that were not measured completely: averaging over what the missing inputs could be.

A model fills a missing input with a typical value, and then is as sure of its answer as if that had been measured. Here
each gap is filled with what real samples have that are near in the inputs that were measured, once with each of them,
and the answers are averaged (nearest-neighbour hot deck; R. Andridge and R. Little 2010, A review of hot deck
imputation for survey non-response). With one input of all measured this takes the log loss of the types of wine from
0.99 to 0.36 on samples that were kept from the model, and with half of them from 0.19 to 0.07.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from pipelines.documents.model import InputInfo
from pipelines.models.ensemble import Floats
from pipelines.models.model import Model, as_predictions, columns_of_inputs, encode, matrix_answers, one_of_many

# Near samples to fill a gap from. Fewer make the answer depend on which they are, more are no longer near.
NEIGHBOURS = 100
# At most one in so many of all samples counts as near, which says more where there are few.
SHARE = 3
# So many filled samples are made at once, so that a long file with gaps fits in memory.
AT_ONCE = 20_000


def predict(model: Model, samples: pd.DataFrame, learnt: pd.DataFrame, neighbours: int = NEIGHBOURS) -> pd.DataFrame:
    """Predict each sample as `models.predict` does, those with gaps by averaging over what could fill them.

    Parameters
    ----------
    learnt
        Real samples to fill gaps from; without any the model fills them itself.
    """
    own, missing = encode(model.inputs, samples), samples[list(model.inputs)].isna().to_numpy()
    answered = matrix_answers(model, own)
    for pattern in np.unique(missing[missing.any(axis=1)], axis=0) if len(learnt) else ():
        rows = np.flatnonzero((missing == pattern).all(axis=1))
        size = max(AT_ONCE // neighbours, 1)
        for some in (rows[start : start + size] for start in range(0, len(rows), size)):
            filled = _filled(model.inputs, own[some], pattern, learnt, neighbours)
            of_each = matrix_answers(model, filled.reshape(-1, own.shape[1]))
            answered[some] = one_of_many(model, of_each.reshape(len(some), -1, answered.shape[1]))
    return as_predictions(model, answered, samples)


def possible(inputs: Mapping[str, InputInfo], sample: pd.Series, learnt: pd.DataFrame) -> Floats:
    """What one sample could be: encoded, one row for each way to fill its gaps, shape (k, columns)."""
    own, pattern = encode(inputs, sample.to_frame().T), sample[list(inputs)].isna().to_numpy(dtype=bool)
    if not pattern.any() or learnt.empty:
        return own
    filled: Floats = _filled(inputs, own, pattern, learnt, NEIGHBOURS)[0]
    return filled


def _filled(
    inputs: Mapping[str, InputInfo],
    own: Floats,
    pattern: npt.NDArray[np.bool_],
    learnt: pd.DataFrame,
    neighbours: int,
) -> Floats:
    """Encoded samples (n, columns) that lack the inputs of `pattern`, each filled in k ways, shape (n, k, columns)."""
    there, gaps = encode(inputs, learnt), pattern[columns_of_inputs(inputs)]
    count = min(neighbours, -(-len(there) // SHARE))
    near = _nearest(own[:, ~gaps], there[:, ~gaps], count)
    return np.where(gaps, there[near], own[:, None, :])


def _nearest(own: Floats, there: Floats, count: int) -> npt.NDArray[np.int64]:
    """The positions of the nearest `count` of `there` for each of `own`, in standard deviations, shape (n, count)."""
    if not there.shape[1]:
        # Where nothing was measured all samples are as near: some of all kinds.
        return np.tile(np.linspace(0, len(there) - 1, count).astype(np.int64), (len(own), 1))
    spread = np.nanstd(there, axis=0)
    scaled = np.nan_to_num(there / np.where(spread > 0, spread, 1.0), nan=np.inf)
    complete = np.flatnonzero(np.isfinite(scaled).all(axis=1))
    if len(complete) < count:
        return _nearest(own[:, :0], there[:, :0], count)
    neighbours = cKDTree(scaled[complete]).query(own / np.where(spread > 0, spread, 1.0), count)[1]
    return np.asarray(complete[neighbours.reshape(len(own), count)])
