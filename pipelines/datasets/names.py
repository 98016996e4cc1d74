"""Names that the stores, Python and the pages take: for columns, tasks and classes."""

import hashlib
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

# What the rows of a data set, its predictions, its answers and its files have columns of their own for.
RESERVED = frozenset(
    (
        "sample_id", "event_time", "origin", "role", "distance", "row", "reasons", "prediction", "label", "served",
        "model_version", "predicted_at", "settled_at", "corrected_at", "inputs", "run_url", "seen_at", "source",
        "quarantine_id", "row_name", "low_80", "high_80", "low_95", "high_95", "baseline",
    )
)  # fmt: skip
PROBABILITY = "probability_"
# How many of 100 outcomes the intervals of a predicted number are to hold.
INTERVALS = (80, 95)
BASELINE = "baseline"
# How the groups end that belong to a data set and to a task.
QUARANTINE, PREDICTIONS, LEDGER = "_quarantine", "_predictions", "_ledger"
ENDS_OF_GROUPS = (QUARANTINE, PREDICTIONS, LEDGER)
# The feature store takes names of 63 signs; a probability column has 12 of them before that of its class.
LONGEST_NAME, LONGEST_CLASS_SLUG = 63, 40
# So many signs of a checksum keep the columns of a few hundred classes apart.
CHECKSUM_SIGNS = 6
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_OTHER_SIGNS = re.compile(r"[^a-z0-9]+", re.ASCII)


def slug(text: str) -> str:
    """A column name for a title: `mean_radius` for `Mean radius`, `med_inc` for `MedInc`, `class_value` for `class`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _ascii(text))
    plain = _OTHER_SIGNS.sub("_", words.lower()).strip("_")[:LONGEST_NAME].rstrip("_")
    if not plain or not plain[0].isalpha():
        plain = f"x_{plain}".rstrip("_")
    if plain.startswith(PROBABILITY):
        return f"x_{plain}"[:LONGEST_NAME]
    return f"{plain}_value" if keyword.iskeyword(plain) or plain in RESERVED else plain


def name_fault(name: str) -> str:
    """What is wrong with a name, and which one would do; empty for a good one."""
    if name in RESERVED or name.startswith(PROBABILITY):
        return f"{name!r} is a name that the system uses itself; call it {slug(name)!r} and keep the title"
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME or keyword.iskeyword(name):
        return (
            f"{name!r} is no name for a column (small letters, digits and _, a letter first, no word of Python, at "
            f"most {LONGEST_NAME} signs); call it {slug(name)!r} and keep {name!r} as the title"
        )
    return ""


def probability_columns(classes: Sequence[str]) -> list[str]:
    """One column name a class, in order: `probability_poor` for `poor`, with a checksum where signs were lost.

    The name of a class does not depend on the others, but where two would have the same.
    """
    plain = ["_".join(label.lower().split()) for label in classes]
    taken = Counter(plain)
    return [PROBABILITY + _class_slug(label, name, taken[name]) for label, name in zip(classes, plain, strict=True)]


def bound_columns() -> list[str]:
    """The columns of the bounds of a predicted number: `low_80`, `high_80`, `low_95`, `high_95`."""
    return [f"{side}_{share}" for share in INTERVALS for side in ("low", "high")]


def _class_slug(label: str, plain: str, taken: int) -> str:
    whole = re.fullmatch(r"[a-z0-9_]+", plain, re.ASCII) and len(plain) <= LONGEST_CLASS_SLUG
    if whole and (taken == 1 or plain == label):
        return plain
    kept = _OTHER_SIGNS.sub("_", _ascii(label).lower()).strip("_")[:LONGEST_CLASS_SLUG]
    return "_".join(filter(None, (kept, hashlib.sha256(label.encode()).hexdigest()[:CHECKSUM_SIGNS])))


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
