"""What a model is: loading and verifying a version, predicting, deciding, explaining, and the scores of answers."""

from pipelines.models.model import (
    INFO_FILE,
    MODEL_FILE,
    Model,
    decide,
    encode,
    fingerprint_inputs,
    load,
    matrix_probabilities,
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
    "decide",
    "encode",
    "fingerprint_inputs",
    "load",
    "matrix_probabilities",
    "predict",
    "probabilities",
    "read_info",
    "read_verified",
    "save",
    "write_info",
]
