"""Whatever a file holds: rows of text cells, or one sentence. Whatever a row holds: it is taken in or set aside."""

import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.datasets import dataset_named
from pipelines.datasets.contract import quarantine_rows, validate
from pipelines.errors import SourceError

IRIS = dataset_named("iris")
HEADER = b"sepal_length,sepal_width,petal_length,petal_width,variety\n"
CELLS = (
    st.none() | st.text(max_size=20) | st.integers() | st.floats() | st.booleans() | st.sampled_from((10**400, "1e999"))
)


@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda rest: HEADER + rest))
def test_any_bytes_are_rows_of_text_or_a_sentence(tmp_path, content):
    path = tmp_path / "flowers.csv"
    path.write_bytes(content)
    rows, sentence = read(path)
    if sentence:
        assert len(sentence) < 1200
    else:
        assert len(rows) > 0
        assert all(cell is None or isinstance(cell, str) for cell in rows.to_numpy().ravel())


def read(path):
    """The rows and no sentence, or the sentence."""
    try:
        return IRIS.load([path]).rows, ""
    except SourceError as error:
        return None, str(error)


@given(st.lists(st.tuples(*[CELLS] * 5), min_size=1, max_size=5))
@example([("5.1\x1f", "\x1c3.5", "1.4", "0.2", "0\x1f")])
def test_every_row_is_taken_in_or_set_aside_with_reasons(cells):
    rows = pd.DataFrame(cells, columns=[*(feature.name for feature in IRIS.features), "variety"], dtype=object)
    checked = validate(IRIS, rows)
    assert sorted([*checked.accepted.index, *checked.rejected.index]) == list(rows.index)
    assert all(checked.rejected["reasons"])
    numbers = checked.accepted[[feature.name for feature in IRIS.features]].astype(float)
    assert ((numbers > 0) | numbers.isna()).all(axis=None)
    kept = quarantine_rows(checked.rejected, "a test", pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime())
    assert len(kept) == len(checked.rejected)
