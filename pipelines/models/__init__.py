"""What a model is: loading and verifying a version, predicting, deciding, explaining, and the scores of answers.

scikit-learn comes with the first model, not with a score: what is named here is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.models.model import (
        INFO_FILE,
        MODEL_FILE,
        Model,
        answers,
        decide,
        encode,
        fingerprint_inputs,
        fingerprints,
        load,
        matrix_answers,
        outcome_kind,
        predict,
        probabilities,
        read_info,
        read_verified,
        save,
        write_info,
    )

__all__ = [
    "INFO_FILE",
    "MODEL_FILE",
    "Model",
    "answers",
    "decide",
    "encode",
    "fingerprint_inputs",
    "fingerprints",
    "load",
    "matrix_answers",
    "outcome_kind",
    "predict",
    "probabilities",
    "read_info",
    "read_verified",
    "save",
    "write_info",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("pipelines.models.model"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
