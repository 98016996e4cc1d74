"""What was guessed of a file and may be wrong, a sentence each, for the person who knows."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.datasets.roles import FEWEST_TO_SHARE
from pipelines.datasets.sources import BLANKS, blanks_as_none
from pipelines.drafting.columns import MAYBE_CODES, Column
from pipelines.drafting.plan import Plan
from pipelines.wording import counted

AGAIN = "remove what was drafted and draft it again with"
# With fewer different values than these a gap between them tells nothing.
FEWEST_TO_LIE_FAR = 12
# A category of so few values that says what the label is in every row is no accident.
FEW_VALUES = 50


def doubts_of(plan: Plan, written: pd.DataFrame) -> Iterator[str]:
    """Sentences on what may be wrong about a plan.

    Parameters
    ----------
    written
        The cells of the file as text, blank ones as they are.
    """
    # Of columns with one name the first counts.
    written = written.loc[:, ~written.columns.duplicated()]
    yield from _doubts_of_features(plan)
    for label in plan.labels:
        yield from _doubts_of_label(label)
    labels = {label.name for label in plan.labels}
    for column in (each for each in plan.columns if each.kind == "category"):
        advice = "write another word in the file" if column.name in labels else f"{AGAIN} --blank COLUMN=VALUE"
        yield from _words_for_nothing(column, written[column.header], advice)
        yield from _alike(column)
    for column in (each for each in plan.columns if each.kind == "number" and not each.part):
        yield from _far_from_others(column)
    yield from _tell_tales(plan, blanks_as_none(written))


def _doubts_of_features(plan: Plan) -> Iterator[str]:
    codes = [each.header for each in plan.features if each.kind == "number" and not each.part and _maybe_codes(each)]
    if codes:
        yield f"Taken as amounts: {', '.join(codes)}. Where the whole numbers are codes, {AGAIN} --category COLUMN."


def _doubts_of_label(label: Column) -> Iterator[str]:
    few = [f"{value} ({rows:,})" for value, rows in label.counts.items() if rows < FEWEST_TO_SHARE]
    if few:
        yield (
            f"{label.header} has classes of fewer than {FEWEST_TO_SHARE} rows, which cannot both train and test: "
            f"{', '.join(few)}. Collect more, or group them in the file."
        )
    if label.whole and len(label.values) > 2:  # noqa: PLR2004 - a yes and a no are no amount
        yield (
            f"Taken as classes: the {len(label.values)} whole numbers of {label.header}. Where they are an amount, "
            f"such as a count, {AGAIN} --number COLUMN."
        )
    if label.missing:
        yield f"{counted(label.missing, 'row')} without {label.header}: kept, but neither to train nor to test."


def _words_for_nothing(column: Column, written: pd.Series, advice: str) -> Iterator[str]:
    """What of a category counts as empty although something stands there."""
    words = Counter(written[written.isin(BLANKS) & (written != "")])
    if words and not column.blank:
        told = ", ".join(f"{word} ({counted(rows, 'row')})" for word, rows in words.most_common())
        yield f"Taken as empty in {column.header}: {told}. Where that is a value, {advice}."


def _alike(column: Column) -> Iterator[str]:
    folded = Counter(value.casefold() for value in column.counts)
    alike = [value for value in column.counts if folded[value.casefold()] > 1]
    if alike:
        yield f"Kept apart in {column.header}: {', '.join(alike)}. Where they are one, write them alike in the file."


def _far_from_others(column: Column) -> Iterator[str]:
    """The least and the greatest number, where the next one is further away than all between them from each other."""
    values, rows = np.unique(column.numbers[np.isfinite(column.numbers)], return_counts=True)
    if len(values) < FEWEST_TO_LIE_FAR:
        return
    between = values[-2] - values[1]
    far = [place for place, gap in ((0, values[1] - values[0]), (-1, values[-1] - values[-2])) if gap > between]
    if far:
        told = " and ".join(f"{values[place]:g} ({counted(int(rows[place]), 'row')})" for place in far)
        yield (
            f"Far from all others in {column.header}: {told}. Where that says that nothing is known, empty the cells; "
            "where it is a slip, let low and high in the module keep it out."
        )


def _tell_tales(plan: Plan, cells: pd.DataFrame) -> Iterator[str]:
    """Categories that say what a label is in every row."""
    for label in (each for each in plan.labels if each.kind == "category"):
        for feature in (each for each in plan.features if each.kind == "category" and len(each.values) <= FEW_VALUES):
            told = cells[[feature.header, label.header]].dropna().groupby(feature.header)[label.header]
            if len(told) and told.nunique().max() == 1:
                yield (
                    f"{feature.header} tells {label.header} in every row. Where it is known only afterwards, "
                    f"{AGAIN} --leave-out COLUMN."
                )


def _maybe_codes(feature: Column) -> bool:
    finite = feature.numbers[np.isfinite(feature.numbers)]
    return feature.whole and len(np.unique(finite)) <= MAYBE_CODES
