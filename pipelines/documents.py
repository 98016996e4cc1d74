"""The files of a model that people read, and how values become JSON."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

# What a model folder holds for people alone: whoever changes it changes no prediction.
CARD_FILE = "card.md"
NOTEBOOK_FILE = "training.ipynb"
FOR_PEOPLE = (CARD_FILE, NOTEBOOK_FILE)

DECIMALS = 6  # finer digits differ between machines and mean nothing


def plain(value: Any, decimals: int | None = None) -> Any:  # noqa: ANN401 - any value that a document may hold
    """The same as JSON values: no NaN but null, times in ISO format, texts as keys, numbers rounded where asked for."""
    if isinstance(value, Mapping):
        return {str(key): plain(part, decimals) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, decimals) for part in value]
    if isinstance(value, float | np.floating):
        return _finite(float(value), decimals)
    if isinstance(value, date):
        return _plain_time(value)
    return value.item() if isinstance(value, np.generic) else value


def _finite(value: float, decimals: int | None) -> float | None:
    if not math.isfinite(value):
        return None
    return value if decimals is None else round(value, decimals)


def _plain_time(value: date) -> str | None:
    if value is pd.NaT:
        return None
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()
