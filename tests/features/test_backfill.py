"""The history of a data set: once, completely, from one source."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets import dataset_named
from pipelines.errors import NotReadyError, SourceError, StoreError
from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.stores.backfills import history_checksum, read_backfill
from pipelines.stores.base import ChampionEntry
from pipelines.stores.catalogue import backfilled_source, predictions_group, quarantine_group, samples_group
from pipelines.stores.embedded import EmbeddedStore

IRIS = dataset_named("iris")
WINE = dataset_named("wine")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    return EmbeddedStore(tmp_path / "store")


def iris_file(tmp_path, name="mine.csv", **changes):
    """The own flowers as a file; `changes` replaces a column's first cell."""
    rows = IRIS.load([]).rows
    for column, cell in changes.items():
        rows.loc[0, column] = cell
    path = tmp_path / name
    rows.to_csv(path, index=False)
    return path


def table_versions(store):
    return sorted(str(path) for path in store.root.glob("tables/*/_delta_log/*"))


def test_the_history_of_the_wines(store):
    report = backfill(store, WINE, [], NOW)
    rows = store.read(samples_group(WINE))
    assert len(rows) == report.rows == report.accepted == report.written == 6497
    assert report.roles == rows["role"].value_counts().to_dict()
    assert rows["event_time"].eq(WINE.historical_time).all()
    assert rows["origin"].eq("historical").all()
    assert rows["sample_id"].iloc[[0, -1]].tolist() == ["wine-h-00000", "wine-h-06496"]
    source = WINE.load([]).rows
    assert rows["alcohol"].tolist() == source["alcohol"].astype(float).tolist()
    assert rows["quality"].astype(str).tolist() == source["quality"].tolist()


def test_a_second_backfill_commits_nothing(store, tmp_path):
    path = iris_file(tmp_path, petal_width="wide")
    backfill(store, IRIS, [path], NOW)
    before = table_versions(store), store.get_file("sources/iris.json")
    report = backfill(store, IRIS, [path], NOW + timedelta(days=1))
    assert report.written == 0
    assert report.quarantined == 1
    assert (table_versions(store), store.get_file("sources/iris.json")) == before


def test_broken_rows_go_to_quarantine_and_the_others_keep_their_number(store, tmp_path):
    report = backfill(store, IRIS, [iris_file(tmp_path, petal_width="wide", variety="rose")], NOW)
    assert report.accepted == 149
    assert report.reasons == {
        "petal_width is not a number (allowed: from 0.05 to 10 cm)": 1,
        "variety is unknown (allowed: setosa, versicolor, virginica)": 1,
    }
    quarantined = store.read(quarantine_group(IRIS))
    assert quarantined["source"].tolist() == ["mine.csv"]
    assert json.loads(quarantined["row"][0])["petal_width"] == "wide"
    assert store.read(samples_group(IRIS))["sample_id"].iloc[0] == "iris-h-00001"


def test_a_row_with_a_gap_is_kept(store, tmp_path):
    report = backfill(store, IRIS, [iris_file(tmp_path, petal_width="")], NOW)
    assert report.with_gaps == 1
    assert np.isnan(store.read(samples_group(IRIS))["petal_width"][0])


def test_a_row_without_a_label_is_kept_and_counted(store, tmp_path):
    report = backfill(store, IRIS, [iris_file(tmp_path, variety="")], NOW)
    assert (report.accepted, report.unlabelled, report.quarantined) == (150, 1, 0)
    assert store.read(samples_group(IRIS))["variety"][0] is None


def rows_file(tmp_path, rows):
    path = tmp_path / "changed.csv"
    rows.to_csv(path, index=False)
    return path


def scaled(rows, names, scale):
    return rows.assign(**{name: scale(rows[name].astype(float)).round(4).astype(str) for name in names})


@pytest.mark.parametrize(
    "scale",
    [
        lambda values: (values - values.min()) / (values.max() - values.min()),
        lambda values: (values - values.mean()) / values.std(),
        lambda values: values / 2.54,
        lambda values: values / 100,
    ],
    ids=["min-max", "z-score", "inches", "metres"],
)
def test_flowers_on_another_scale_are_refused_with_the_medians_unless_they_are_accepted(store, tmp_path, scale):
    path = rows_file(tmp_path, scaled(IRIS.load([]).rows, IRIS.numeric, scale))
    with pytest.raises(SourceError, match=r"sepal_length has a median of .*, and about 5.8 cm is expected.*--acc"):
        backfill(store, IRIS, [path], NOW)
    assert not store.root.exists()


def test_an_unusual_source_is_taken_where_a_person_says_so(store, tmp_path):
    path = rows_file(tmp_path, scaled(IRIS.load([]).rows, IRIS.numeric, lambda values: values / 2.54))
    assert backfill(store, IRIS, [path], NOW, accept_unusual=True).accepted > 100


def test_a_few_flowers_in_metres_go_to_quarantine(store, tmp_path):
    rows = IRIS.load([]).rows
    rows.loc[[3, 60, 90, 130], "sepal_length"] = "0.058"
    report = backfill(store, IRIS, [rows_file(tmp_path, rows)], NOW)
    assert report.reasons == {"sepal_length is too low to be true (plausible: from 2 to 12 cm)": 4}


def test_a_source_of_which_more_than_a_tenth_is_broken_is_refused(store, tmp_path):
    rows = WINE.load([]).rows.head(200)
    path = rows_file(tmp_path, rows.assign(quality=rows["quality"].astype(int) - 3))
    with pytest.raises(SourceError, match=r"Of 200 rows in changed.csv, \d+ cannot be used as wine: quality is un"):
        backfill(store, WINE, [path], NOW)
    assert not store.root.exists()
    assert backfill(store, WINE, [path], NOW, accept_unusual=True).quarantined > 100


def test_equal_broken_rows_are_counted_each(store, tmp_path):
    rows = IRIS.load([]).rows
    rows = pd.concat([rows, pd.concat([rows.head(1).assign(petal_width="wide")] * 4)])
    report = backfill(store, IRIS, [rows_file(tmp_path, rows)], NOW)
    assert report.quarantined == store.count(quarantine_group(IRIS)) == 4


def test_a_class_that_does_not_occur_is_said(store, tmp_path):
    rows = IRIS.load([]).rows
    report = backfill(store, IRIS, [rows_file(tmp_path, rows[rows["variety"] != "virginica"])], NOW)
    assert report.absent == {"Iris variety": ("virginica",)}
    assert backfill(EmbeddedStore(tmp_path / "whole"), IRIS, [], NOW).absent == {}


def test_another_source_is_refused_and_both_are_named(store, tmp_path):
    backfill(store, IRIS, [], NOW)
    path = iris_file(tmp_path, sepal_width="3.7")
    with pytest.raises(SourceError, match=r"rows of scikit-learn's iris .* not those of mine.csv .*--replace"):
        backfill(store, IRIS, [path], NOW)
    assert store.read(samples_group(IRIS))["sepal_width"][0] == 3.5
    assert backfilled_source(store, IRIS)["name"] == "scikit-learn's iris"


@pytest.mark.parametrize(
    "content", [b"null", b'{"sha256": ', b'{"sha256": 1}', b"<<<<<<< HEAD", pytest.param(b"[" * 9999, id="deep")]
)
def test_a_damaged_record_of_the_source_is_written_anew_from_the_same_source(store, tmp_path, content):
    backfill(store, IRIS, [], NOW)
    run_features(store, IRIS, NOW.date(), per_day=2, now=NOW)
    rows = store.read(samples_group(IRIS))
    store.put_file("sources/iris.json", content)
    with pytest.raises(StoreError, match=r"sources/iris.json .* is damaged .*: python -m pipelines backfill iris$"):
        run_features(store, IRIS, NOW.date(), per_day=2, now=NOW)
    with pytest.raises(SourceError, match=r"rows of scikit-learn's iris .* not those of mine.csv"):
        backfill(store, IRIS, [iris_file(tmp_path, sepal_width="3.7")], NOW)
    assert backfill(store, IRIS, [], NOW).written == 0
    assert backfilled_source(store, IRIS)["name"] == "scikit-learn's iris"
    pd.testing.assert_frame_equal(store.read(samples_group(IRIS)), rows)


def test_without_any_record_of_the_source_starting_over_is_said_to_cost_rows(store):
    backfill(store, IRIS, [], NOW)
    store.put_file("sources/iris.json", b"null")
    store.put_file("backfills/iris.json", b"null")
    with pytest.raises(StoreError, match=r"copy of the store, or start over with --replace: this removes the arrivals"):
        backfill(store, IRIS, [], NOW)
    backfill(store, IRIS, [], NOW, replace=True)
    assert backfilled_source(store, IRIS)["name"] == "scikit-learn's iris"


def test_the_same_source_under_another_name_is_no_other_source(store, tmp_path):
    backfill(store, IRIS, [iris_file(tmp_path)], NOW)
    assert backfill(store, IRIS, [iris_file(tmp_path, "copy.csv")], NOW).written == 0


def prediction(task):
    return pd.DataFrame(
        {
            "sample_id": ["iris-2026-11-21-000"],
            "model_version": 1,
            "event_time": NOW,
            "predicted_at": NOW,
            "served": "champion",
            "prediction": task.classes[0],
            "label": task.classes[0],
            "settled_at": NOW,
            "corrected_at": None,
            "inputs": "0" * 16,
            "run_url": "",
        }
        | dict.fromkeys(task.probability_columns, 0.5)
    )


def with_champion(store, tmp_path):
    """A store with a history, an arrival, a prediction, a quarantine and a champion."""
    from pipelines.stores.catalogue import task_view

    task = IRIS.tasks[0]
    backfill(store, IRIS, [iris_file(tmp_path, petal_width="wide")], NOW)
    run_features(store, IRIS, NOW.date(), now=NOW)
    store.upsert(predictions_group(task), prediction(task))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    store.register(task_view(task), 1, folder)
    store.move_champion(ChampionEntry(task.name, 1, NOW, "someone", "the first"), None)
    return task


def test_replacing_starts_over(store, tmp_path):
    task = with_champion(store, tmp_path)
    report = backfill(store, IRIS, [], NOW, replace=True)
    assert report.replaced
    assert report.written == 150
    assert store.count(samples_group(IRIS)) == 150
    assert store.count(quarantine_group(IRIS)) == 0
    assert store.count(predictions_group(task)) == 0
    assert store.champion(task.name) is None
    entry = store.champion_log(task.name)[-1]
    assert entry.version is None
    assert "backfilled anew from scikit-learn's iris" in entry.reason
    assert backfilled_source(store, IRIS)["name"] == "scikit-learn's iris"


def test_replacing_without_a_champion_withdraws_none(store):
    backfill(store, IRIS, [], NOW)
    backfill(store, IRIS, [], NOW, replace=True)
    assert store.champion_log("iris_variety") == []


class Killed(Exception):
    pass


class Dying(EmbeddedStore):
    """A store whose process dies at its `deadly`-th change."""

    def __init__(self, root, deadly):
        super().__init__(root)
        self.left = deadly

    def _step(self):
        self.left -= 1
        if self.left < 0:
            raise Killed

    def upsert(self, group, rows):
        self._step()
        return super().upsert(group, rows)

    def clear(self, group):
        self._step()
        super().clear(group)

    def put_file(self, name, content):
        self._step()
        super().put_file(name, content)

    def move_champion(self, entry, expected):
        self._step()
        super().move_champion(entry, expected)


@pytest.mark.parametrize("deadly", range(5))
def test_a_killed_backfill_is_completed_by_the_next(tmp_path, deadly):
    path = iris_file(tmp_path, petal_width="wide")
    with pytest.raises(Killed):
        backfill(Dying(tmp_path / "store", deadly), IRIS, [path], NOW)
    store = EmbeddedStore(tmp_path / "store")
    backfill(store, IRIS, [path], NOW)
    assert store.count(samples_group(IRIS)) == 149
    assert store.count(quarantine_group(IRIS)) == 1


@pytest.mark.parametrize("deadly", range(1, 9))
@pytest.mark.parametrize("replace", [True, False])
def test_a_killed_replacement_is_finished_by_the_next_backfill_from_its_source(tmp_path, deadly, replace):
    task = with_champion(EmbeddedStore(tmp_path / "store"), tmp_path)
    with pytest.raises(Killed):
        backfill(Dying(tmp_path / "store", deadly), IRIS, [], NOW, replace=True)
    store = EmbeddedStore(tmp_path / "store")
    with pytest.raises(SourceError, match=r"from scikit-learn's iris .* with --replace was stopped before its end"):
        backfill(store, IRIS, [tmp_path / "mine.csv"], NOW)
    with pytest.raises(NotReadyError, match="stopped before its end"):
        run_features(store, IRIS, NOW.date(), per_day=1, now=NOW)
    assert backfill(store, IRIS, [], NOW, replace=replace).replaced
    assert store.count(samples_group(IRIS)) == 150
    assert store.count(predictions_group(task)) == store.count(quarantine_group(IRIS)) == 0
    assert store.champion(task.name) is None
    assert run_features(store, IRIS, NOW.date(), per_day=1, now=NOW).written == 1
    assert not backfill(store, IRIS, [], NOW).replaced


def test_a_backfill_records_what_it_left(store):
    backfill(store, IRIS, [], NOW)
    recorded = read_backfill(store, IRIS)
    assert recorded.history == history_checksum(store, IRIS)
    spoilt = store.read(samples_group(IRIS)).head(1)
    store.upsert(samples_group(IRIS), spoilt.assign(petal_width=np.nextafter(spoilt["petal_width"], 9)))
    assert recorded.history != history_checksum(store, IRIS)
    assert backfill(store, IRIS, [], NOW).written == 1
    assert recorded.history == history_checksum(store, IRIS)
    assert read_backfill(store, IRIS) == recorded


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"name": "x"}', b"[" * 100_000])
def test_a_damaged_record_of_a_backfill_is_made_again(store, content, caplog):
    backfill(store, IRIS, [], NOW)
    whole = read_backfill(store, IRIS)
    store.put_file("backfills/iris.json", content)
    assert read_backfill(store, IRIS) is None
    assert "backfills/iris.json" in caplog.text
    assert "is damaged" in caplog.text
    assert "python -m pipelines backfill iris" in caplog.text
    backfill(store, IRIS, [], NOW)
    assert read_backfill(store, IRIS) == whole


@pytest.mark.parametrize("deadly", range(9))
def test_a_killed_replacement_never_mixes_two_sources(tmp_path, deadly):
    task = with_champion(EmbeddedStore(tmp_path / "store"), tmp_path)
    with pytest.raises(Killed):
        backfill(Dying(tmp_path / "store", deadly), IRIS, [], NOW, replace=True)
    store = EmbeddedStore(tmp_path / "store")
    known, rows = backfilled_source(store, IRIS), store.read(samples_group(IRIS))
    assert known["name"] == "scikit-learn's iris" or rows.empty or len(rows) == 150
    assert rows.empty or known["name"] == ("mine.csv" if "simulated" in set(rows["origin"]) else "scikit-learn's iris")
    backfill(store, IRIS, [], NOW, replace=True)
    assert store.count(samples_group(IRIS)) == 150
    assert store.champion(task.name) is None


@pytest.mark.parametrize("rows", [1, 2])
def test_too_few_rows_for_the_roles_are_refused_and_nothing_is_written(store, tmp_path, rows):
    path = tmp_path / "few.csv"
    IRIS.load([]).rows.head(rows).to_csv(path, index=False)
    with pytest.raises(SourceError, match=rf"few.csv has {rows} rows that can be used as iris, of {rows}; .* too few"):
        backfill(store, IRIS, [path], NOW)
    assert not store.root.exists()


def test_only_broken_rows_are_refused_with_what_is_wrong(store, tmp_path):
    path = tmp_path / "broken.csv"
    IRIS.load([]).rows.assign(petal_width="?!", variety="rose").to_csv(path, index=False)
    with pytest.raises(
        SourceError, match=r"has 0 rows that can be used as iris, of 150; .*petal_width is not a number"
    ):
        backfill(store, IRIS, [path], NOW)
    assert not store.root.exists()


def test_a_refused_replacement_leaves_everything_as_it_was(store, tmp_path):
    with_champion(store, tmp_path)
    path = tmp_path / "few.csv"
    IRIS.load([]).rows.head(2).to_csv(path, index=False)
    before = table_versions(store)
    with pytest.raises(SourceError):
        backfill(store, IRIS, [path], NOW, replace=True)
    assert table_versions(store) == before
    assert store.champion("iris_variety").version == 1


def test_one_row_a_hundred_thousand_times_is_no_data_set(store, tmp_path):
    path = tmp_path / "same.csv"
    pd.concat([IRIS.load([]).rows.head(1)] * 100_000).to_csv(path, index=False)
    with pytest.raises(SourceError, match="too few that differ"):
        backfill(store, IRIS, [path], NOW)


def test_a_store_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "store").write_text("a file")
    with pytest.raises(StoreError):
        backfill(EmbeddedStore(tmp_path / "store"), IRIS, [], NOW)
