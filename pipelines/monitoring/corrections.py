"""Which samples a source has corrected since they were predicted; the predictions stay what they were."""

import pandas as pd

from pipelines import models
from pipelines.datasets.arrivals import FETCH, RECORD
from pipelines.documents.model import ModelInfo


def corrected_samples(predictions: pd.DataFrame, arrivals: pd.DataFrame, model: ModelInfo) -> set[str]:
    """The samples of which a model would see something else now than when it predicted them.

    Parameters
    ----------
    predictions
        Rows of the predictions group; those of other versions than the model's own are passed over.
    arrivals
        Rows of the samples group; only what a source sends is ever corrected.
    model
        Its `model.json`; empty without one.
    """
    sent, inputs = arrivals[arrivals["origin"].isin([FETCH.origin, RECORD.origin])], model.get("inputs")
    if not inputs or sent.empty:
        return set()
    seen_now = dict(zip(sent["sample_id"], models.fingerprints(inputs, sent), strict=True))
    own = predictions[predictions["model_version"] == model.get("version")]
    seen_then = zip(own["sample_id"], own["inputs"], strict=True)
    return {sample for sample, then in seen_then if seen_now.get(sample, then) != then}
