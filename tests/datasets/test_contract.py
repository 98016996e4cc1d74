"""What the data contract takes in, what it sends to quarantine, and what it says about it."""

import functools
import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets import dataset_named
from pipelines.datasets.contract import quarantine_rows, validate
from pipelines.datasets.spec import Feature
from pipelines.datasets.weather import DATASET as WEATHER
from pipelines.errors import SourceError
from pipelines.stores.catalogue import quarantine_group
from pipelines.stores.rows import conform

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def wine():
    return dataset_named("wine")


@functools.cache
def three_wines():
    return wine().load([]).rows.iloc[[0, 1, 4000]].reset_index(drop=True)


def wines(**changes):
    """Three wines as text; `changes` replaces a cell of the second one."""
    rows = three_wines().copy()
    for column, cell in changes.items():
        rows.loc[1, column] = cell
    return rows


def reasons(**changes):
    result = validate(wine(), wines(**changes))
    assert list(result.accepted.index) == [0, 2]
    return result.rejected.loc[1, "reasons"]


def test_good_rows_are_typed():
    accepted = validate(wine(), wines()).accepted
    assert accepted.dtypes[wine().numeric].eq("float64").all()
    assert str(accepted["quality"].dtype) == "Int64"
    assert accepted["type"].tolist() == ["red", "red", "white"]
    assert accepted.loc[0, "volatile_acidity"] == 0.7


@pytest.mark.parametrize("dataset", ["iris", "wine"])
def test_every_row_of_the_own_sources_is_accepted_with_the_nearest_doubles(dataset):
    spec = dataset_named(dataset)
    rows = spec.load([]).rows
    result = validate(spec, rows)
    assert len(result.accepted) == len(rows)
    assert result.rejected.empty
    assert all(result.accepted[name].tolist() == [float(cell) for cell in rows[name]] for name in spec.numeric)


def test_a_missing_measurement_is_kept():
    result = validate(wine(), wines(alcohol=None))
    assert len(result.accepted) == 3
    assert np.isnan(result.accepted.loc[1, "alcohol"])


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("alcohol", "strong", "alcohol: 'strong' is not a number (allowed: from 5 to 25 % vol)"),
        ("alcohol", "9,4", "alcohol: '9,4' is not a number (allowed: from 5 to 25 % vol)"),
        ("alcohol", "1_0", "alcohol: '1_0' is not a number (allowed: from 5 to 25 % vol)"),
        ("alcohol", "0x10", "alcohol: '0x10' is not a number (allowed: from 5 to 25 % vol)"),
        ("alcohol", "-inf", "alcohol: '-inf' is infinite (allowed: from 5 to 25 % vol)"),
        ("alcohol", "1e999", "alcohol: '1e999' is infinite (allowed: from 5 to 25 % vol)"),
        ("alcohol", "94", "alcohol: '94' is too high (allowed: from 5 to 25 % vol)"),
        ("citric_acid", "-0.1", "citric_acid: '-0.1' is too low (allowed: from 0 to 10 g/dm³)"),
        ("type", "rosé", "type: 'rosé' is unknown (allowed: red, white)"),
        ("quality", "11", "quality: '11' is unknown (allowed: 3, 4, 5, 6, 7, 8, 9)"),
        ("quality", "5.5", "quality: '5.5' is unknown (allowed: 3, 4, 5, 6, 7, 8, 9)"),
        ("quality", "good", "quality: 'good' is unknown (allowed: 3, 4, 5, 6, 7, 8, 9)"),
    ],
)
def test_a_broken_cell_is_named_with_what_is_allowed(column, cell, reason):
    assert reasons(**{column: cell}) == reason


def test_every_fault_of_a_row_is_told():
    assert reasons(alcohol="x", ph="99", quality="12").count(";") == 2


def test_faults_are_counted_whatever_the_cells_say():
    rows = wines(alcohol="x; y").assign(ph=["9", "99", "3"])
    assert validate(wine(), rows).faults == {
        "ph is too high (allowed: from 2 to 5 pH)": 2,
        "alcohol is not a number (allowed: from 5 to 25 % vol)": 1,
    }
    assert validate(wine(), wines()).faults == {}


def test_a_long_cell_is_cut_in_the_reason():
    assert len(reasons(alcohol="9" * 10_000)) < 150


def test_a_rejected_row_stays_as_it_came():
    rejected = validate(wine(), wines(alcohol="strong")).rejected
    assert rejected.loc[1].drop("reasons").equals(wines(alcohol="strong").loc[1])


@pytest.mark.parametrize(("cell", "value"), [("5.0", 5), (" 5", 5), ("5e0", 5)])
def test_a_whole_number_is_an_integer_label_however_it_is_written(cell, value):
    assert validate(wine(), wines(quality=cell)).accepted.loc[1, "quality"] == value


def test_typed_rows_are_checked_the_same():
    typed = validate(wine(), wines()).accepted
    assert validate(wine(), typed).accepted.equals(typed)
    typed.loc[0, "alcohol"] = np.inf
    typed.loc[1, "quality"] = 12
    typed.loc[2, "type"] = None
    assert validate(wine(), typed).rejected["reasons"].tolist() == [
        "alcohol: inf is infinite (allowed: from 5 to 25 % vol)",
        "quality: 12 is unknown (allowed: 3, 4, 5, 6, 7, 8, 9)",
    ]


def test_a_typed_column_with_gaps_may_hold_its_labels_as_fractions():
    rows = wines().assign(quality=[5.0, np.nan, 6.0], alcohol=pd.array([9, None, 10], dtype="Int64"))
    result = validate(wine(), rows)
    assert result.accepted["quality"].tolist()[::2] == [5, 6]
    assert result.accepted["quality"].isna()[1]
    assert result.accepted["alcohol"].tolist()[::2] == [9.0, 10.0]


def test_a_missing_category_or_label_is_kept():
    assert validate(wine(), wines(type=None)).accepted["type"].tolist() == ["red", None, "white"]
    assert validate(wine(), wines(quality=None)).accepted["quality"].isna().tolist() == [False, True, False]


def declared(*values):
    """Iris with one category more, beside the flowers' own columns."""
    iris = dataset_named("iris")
    extra = Feature(name="extra", title="Extra", description="Made up.", kind="categorical", values=values)
    return replace(iris, features=(*iris.features, extra))


@pytest.mark.parametrize(
    ("values", "cells", "read"),
    [
        (("1", "2", "3"), ["1.0", "2", "3.00", None], ["1", "2", "3", None]),
        (("1", "2", "3"), [1.0, 2.0, 3.0, np.nan], ["1", "2", "3", None]),
        (("no", "yes"), ["TRUE", "false", "1", "N"], ["yes", "no", "yes", "no"]),
        (("0", "1"), [True, False, "yes", "0.0"], ["1", "0", "1", "0"]),
        (("Female", "Male"), ["FEMALE", "male", " Male", None], ["Female", "Male", "Male", None]),
        (("f", "m"), ["F", "m", "M", "f"], ["f", "m", "m", "f"]),
    ],
)
def test_a_category_is_known_in_its_usual_spellings(values, cells, read):
    rows = dataset_named("iris").load([]).rows.head(4).assign(extra=pd.Series(cells, dtype=object))
    result = validate(declared(*values), rows)
    assert result.rejected.empty
    assert result.accepted["extra"].tolist() == read


@pytest.mark.parametrize(("values", "cell"), [(("f", "m"), "no"), (("a", "A"), "Ä"), (("1", "2"), "1.5")])
def test_what_is_no_spelling_of_a_category_is_unknown(values, cell):
    rows = dataset_named("iris").load([]).rows.head(4).assign(extra=[values[0], cell, values[1], values[0]])
    assert list(validate(declared(*values), rows).rejected.index) == [1]


def test_of_many_allowed_values_the_first_are_told():
    rows = dataset_named("iris").load([]).rows.head(1).assign(extra="nowhere")
    reason = validate(declared(*(f"t{number}" for number in range(300))), rows).rejected["reasons"].iloc[0]
    assert reason.endswith("t18, t19 and 280 more)")


def test_a_possible_value_that_is_not_plausible_is_rejected_where_that_is_asked():
    rows = wines(total_sulfur_dioxide="0.047")
    assert validate(wine(), rows).rejected.empty
    assert validate(wine(), rows, plausible=True).rejected.loc[1, "reasons"] == (
        "total_sulfur_dioxide: '0.047' is too low to be true (plausible: from 2 to 800 mg/dm³)"
    )


def test_unlabelled_rows_need_no_label_but_a_label_that_is_there_is_checked():
    rows = wines().drop(columns="quality")
    assert len(validate(wine(), rows, labelled=False).accepted) == 3
    assert len(validate(wine(), wines(quality=None), labelled=False).accepted) == 3
    assert len(validate(wine(), wines(quality="12"), labelled=False).rejected) == 1


def test_only_the_wanted_features_have_to_be_there():
    rows = wines()[list(wine().tasks[2].inputs)]
    assert len(validate(wine(), rows, labelled=False, features=wine().tasks[2].inputs).accepted) == 3
    with pytest.raises(SourceError, match=r"no column type; they need fixed_acidity, .*, type"):
        validate(wine(), rows, labelled=False)


def test_a_missing_label_column_is_refused():
    with pytest.raises(SourceError, match="no column quality"):
        validate(wine(), wines().drop(columns="quality"))


def test_columns_that_are_no_features_are_carried_along_in_their_order():
    rows = wines().assign(sample_id=["a", "b", "c"])
    assert list(validate(wine(), rows).accepted.columns) == list(rows.columns)


def test_no_rows_are_fine():
    result = validate(wine(), wines().head(0))
    assert result.accepted.empty
    assert list(result.rejected.columns)[-1] == "reasons"


def test_text_columns_of_any_kind_will_do():
    rows = wines(alcohol=None).astype("string")
    assert len(validate(wine(), rows).accepted) == 3


def test_quarantine_rows_fit_their_group_and_are_named_by_source_and_cells():
    rejected = validate(wine(), pd.concat([wines(alcohol="strong", ph=None)] * 2)).rejected
    rows = quarantine_rows(rejected, "wine.csv", NOW)
    assert len(conform(rows, quarantine_group(wine()))) == 2
    assert rows["quarantine_id"].is_unique
    again = quarantine_rows(rejected, "wine.csv", NOW)
    assert rows["quarantine_id"].tolist() == again["quarantine_id"].tolist()
    assert rows["quarantine_id"][0] == quarantine_rows(rejected.head(1), "wine.csv", NOW)["quarantine_id"][0]
    assert rows["quarantine_id"][0] != quarantine_rows(rejected, "other.csv", NOW)["quarantine_id"][0]
    cells = json.loads(rows["row"][0])
    assert cells["alcohol"] == "strong"
    assert cells["ph"] is None
    assert rows["seen_at"].eq(NOW).all()


def test_an_infinite_number_is_still_json_in_quarantine():
    typed = validate(wine(), wines()).accepted.assign(alcohol=np.inf)
    row = quarantine_rows(validate(wine(), typed).rejected, "x", NOW)["row"][0]
    assert json.loads(row, parse_constant=pytest.fail)["alcohol"] == "inf"


def test_all_wines_are_checked_within_a_second():
    rows = wine().load([]).rows
    broken = rows.assign(alcohol="x", ph="99")
    started = time.process_time()
    assert len(validate(wine(), rows).accepted) == len(rows)
    assert len(validate(wine(), broken).rejected) == len(rows)
    assert time.process_time() - started < 2


def test_days_of_a_source_in_fahrenheit_are_set_aside_where_no_place_is_so_warm():
    rows = WEATHER.load([]).rows.tail(365)
    summer = rows["event_time"].str[:10].between("2015-06-01", "2015-08-31")
    celsius = rows["temp_max"].astype(float)
    rows = rows.assign(temp_max=celsius.mask(summer, 1.8 * celsius + 32).astype(str))
    checked = validate(WEATHER, rows, plausible=True)
    assert len(checked.rejected) == summer.sum()
    assert checked.rejected["reasons"].str.fullmatch(r"temp_max: '[\d.]+' is too high .*60 °C\)|.*to 55 °C\)").all()
