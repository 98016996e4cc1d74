"""A page can say that a source has corrected what a prediction was made from."""

import pandas as pd
import pytest

from pipelines import models
from pipelines.monitoring.corrections import corrected_samples

INPUTS = {"rain": {"kind": "numeric"}}
MODEL = {"inputs": INPUTS, "version": 2}


def samples(*rain, origin="fetched"):
    return pd.DataFrame({"sample_id": [f"day-{n}" for n in range(len(rain))], "rain": rain, "origin": origin})


def predicted(rows, version=2):
    return rows[["sample_id"]].assign(model_version=version, inputs=models.fingerprints(INPUTS, rows).to_numpy())


@pytest.mark.parametrize("origin", ["fetched", "recorded"])
def test_what_a_source_has_corrected_since_is_told(origin):
    assert corrected_samples(predicted(samples(1.0, 2.0)), samples(1.0, 2.5, origin=origin), MODEL) == {"day-1"}


def test_what_is_as_it_was_or_made_here_or_of_another_version_is_not():
    before, now = samples(1.0, 2.0), samples(1.0, 2.5)
    assert not corrected_samples(predicted(before), before, MODEL)
    assert not corrected_samples(predicted(before), now.assign(origin="simulated"), MODEL)
    assert not corrected_samples(predicted(before, version=1), now, MODEL)
    assert not corrected_samples(predicted(before), now.iloc[:0], MODEL)
    assert not corrected_samples(predicted(before), now, {})
