"""What every store does, by the methods of the protocol alone. A read of Hopsworks takes half a second: be sparing."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from small_groups import COMPLAINTS, READINGS, VIEW, day, model_folder, readings

from pipelines.datasets import dataset_named, task_named
from pipelines.errors import ChampionMoved, NotFound, SchemaMismatch, StoreError, VersionTaken
from pipelines.stores.base import ChampionEntry, Column
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group
from pipelines.stores.rows import conform
from tests.made_up_houses import PRICE

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_store_says_what_and_where_it_is(store):
    assert store.kind
    assert store.location


def test_a_group_that_does_not_exist_has_no_rows(store):
    rows = store.read(READINGS)
    assert_frame_equal(rows, conform(readings(), READINGS))
    assert store.newest(READINGS) is None
    assert store.count(READINGS) == 0
    store.clear(READINGS)


def test_writing_no_rows_writes_nothing(store):
    assert store.upsert(READINGS, readings()) == 0
    assert store.count(READINGS) == 0


def test_rows_come_back_with_their_types_in_the_order_of_time_and_key(store):
    rows = readings(("b", 2, day(1)), ("a", 10, day(1)), ("a", 9, day(1)), ("c", 1, day(0)))
    rows["value"] = [1e-300, None, -0.1, 6.02214076e23]
    rows["grade"] = pd.array([None, 2**53 + 1, -1, 0], dtype="Int64")
    rows["remark"] = [None, "", 'a "quoted", \\ two-line\ntext', "größer 😀"]
    assert store.upsert(READINGS, rows) == 4
    read = store.read(READINGS)
    assert_frame_equal(read, conform(rows, READINGS))
    assert list(zip(read["sensor"], read["number"], strict=True)) == [("c", 1), ("a", 9), ("a", 10), ("b", 2)]


def test_times_are_kept_to_the_microsecond_in_utc(store):
    abroad = pd.Series([pd.Timestamp("2026-01-01T00:30:00.123456+02:00")])
    zoneless = pd.Series([pd.Timestamp("2026-01-01T00:00:00.000001")])
    store.upsert(READINGS, readings(("a", 1, day(0))).assign(event_time=abroad))
    store.upsert(READINGS, readings(("a", 2, day(0))).assign(event_time=zoneless))
    read = store.read(READINGS)["event_time"]
    assert list(read) == [pd.Timestamp("2025-12-31T22:30:00.123456Z"), pd.Timestamp("2026-01-01T00:00:00.000001Z")]
    assert store.newest(READINGS) == datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)


def test_writing_the_same_rows_again_changes_nothing(store):
    rows = readings(("a", 1, day(0)), ("a", 2, day(1)), ("b", 1, day(1)))
    rows["value"] = [None, 0.1, 1 / 3]
    assert store.upsert(READINGS, rows) == 3
    assert store.upsert(READINGS, rows.sample(frac=1, random_state=0)) == 0
    assert_frame_equal(store.read(READINGS), conform(rows, READINGS))


def test_only_rows_that_differ_are_written(store):
    store.upsert(READINGS, readings(("a", 1, day(0)), ("a", 2, day(0)), ("a", 3, day(0)), remark="x", grade=1))
    later = readings(("a", 1, day(0)), ("a", 2, day(0)), ("a", 3, day(0)), ("a", 4, day(9)), remark="x", grade=1)
    later["value"] = [1.0, 2.0, None, 4.0]
    assert store.upsert(READINGS, later) == 3
    assert_frame_equal(store.read(READINGS), conform(later, READINGS))


def test_a_value_can_become_nothing_and_something_again(store):
    something, nothing = readings(("a", 1, day(0)), remark="x", grade=1), readings(("a", 1, day(0)), value=None)
    assert [store.upsert(READINGS, rows) for rows in (something, nothing, something, nothing)] == [1, 1, 1, 1]
    assert_frame_equal(store.read(READINGS), conform(nothing, READINGS))


def test_an_open_prediction_is_settled_once(store):
    task, nothing = task_named("iris_variety"), [None, None]
    group = predictions_group(task)
    opened = pd.DataFrame({"sample_id": ["b", "a"], "event_time": NOON, "predicted_at": NOON}).assign(
        model_version=1, served="champion", prediction="setosa", label=nothing, settled_at=nothing,
        corrected_at=nothing, inputs="", run_url="", **dict.fromkeys(task.probability_columns, 1 / 3),
    )  # fmt: skip
    assert store.upsert(group, opened) == 2
    settled = opened.assign(label=["virginica", None], settled_at=[NOON + timedelta(days=1), None])
    assert [store.upsert(group, settled), store.upsert(group, settled)] == [1, 0]
    assert_frame_equal(store.read(group), conform(settled, group))


def test_predicted_numbers_come_back_as_they_are_and_are_settled(store):
    group = predictions_group(PRICE)
    row = dict.fromkeys(group.column_names) | {"sample_id": "h-1", "model_version": 1, "event_time": NOON}
    row |= {"predicted_at": NOON, "served": "champion", "prediction": 0.1, "low_95": -1e-300, "baseline": 1e300}
    rows = pd.DataFrame([row, row | {"sample_id": "h-2", "label": 2 / 3}])
    assert store.upsert(group, rows) == 2
    assert store.upsert(group, rows) == 0
    settled = store.read(group).assign(label=[4.0, 2 / 3], settled_at=NOON)
    store.upsert(group, settled)
    read = store.read(group)
    assert_frame_equal(read, conform(settled, group))
    assert set(read.dtypes[["prediction", "label", *PRICE.answer_columns]].astype(str)) == {"float64"}


def test_of_equal_keys_in_a_batch_the_last_counts(store):
    rows = readings(*[("a", 1, day(0))] * 3, ("a", 2, day(0)))
    rows["value"] = [3.0, 1.0, 2.0, 9.0]
    assert store.upsert(READINGS, rows) == 2
    assert list(store.read(READINGS)["value"]) == [2.0, 9.0]


def test_an_append_only_group_keeps_what_it_first_saw(store):
    first = pd.DataFrame({"complaint_id": ["one", "two"], "text": ["first", "first"], "seen_at": NOON})
    assert store.upsert(COMPLAINTS, first) == 2
    again = pd.DataFrame({"complaint_id": ["two", "three"], "text": "second", "seen_at": NOON + timedelta(days=40)})
    assert store.upsert(COMPLAINTS, again) == 1
    assert store.upsert(COMPLAINTS, again) == 0
    read = store.read(COMPLAINTS)
    assert dict(zip(read["complaint_id"], read["text"], strict=True)) == {
        "one": "first",
        "two": "first",
        "three": "second",
    }


@pytest.mark.parametrize("at", [1, 2, 40], ids=["before", "among", "after"])
def test_a_key_that_comes_again_at_another_time_is_refused_whole(store, at):
    first = readings(("a", 1, day(0)), ("a", 2, day(2)), ("b", 2, day(1)))
    store.upsert(READINGS, first)
    later = readings(("c", 1, day(at)), ("a", 2, day(at + (at == 2))), ("d", 1, day(at + 3)), value=2.0)
    with pytest.raises(StoreError, match=r"readings has sensor a, number 2 with the event_time 2026-01-03.*again"):
        store.upsert(READINGS, later)
    assert_frame_equal(store.read(READINGS), conform(first, READINGS))
    assert store.upsert(READINGS, later.assign(number=[1, 9, 1])) == 3


def test_a_window_begins_at_its_start_and_ends_before_its_end(store):
    store.upsert(READINGS, readings(*(("a", number, day(number)) for number in range(5))))
    start, end = pd.Timestamp(day(1), tz="UTC"), pd.Timestamp(day(3), tz="UTC")
    assert list(store.read(READINGS, start=start, end=end)["number"]) == [1, 2]
    berlin = start.to_pydatetime().astimezone(timezone(timedelta(hours=1)))
    assert list(store.read(READINGS, start=berlin)["number"]) == [1, 2, 3, 4]
    assert list(store.read(READINGS, end=end.to_pydatetime().replace(tzinfo=None))["number"]) == [0, 1, 2]


def test_a_projection_has_the_columns_asked_for_and_the_same_order_of_rows(store):
    rows = readings(("b", 1, day(1)), ("a", 2, day(1)), ("a", 1, day(0)))
    rows["value"] = [3.0, 2.0, 1.0]
    store.upsert(READINGS, rows.tail(1))
    store.upsert(READINGS, rows.head(2))
    read = store.read(READINGS, columns=["value", "sensor"])
    assert list(read.columns) == ["sensor", "value"]
    assert list(read["value"]) == [1.0, 2.0, 3.0]


def test_a_filter_takes_one_value_or_any_of_several(store):
    rows = readings(("a", 1, day(0)), ("b", 2, day(1)), ("c", 3, day(2)), ("d'e", 3, day(3)))
    rows["remark"] = ["x", None, "y", "x"]
    store.upsert(READINGS, rows)
    assert list(store.read(READINGS, where={"remark": "x"}, columns=["sensor"])["sensor"]) == ["a", "d'e"]
    assert list(store.read(READINGS, where={"sensor": ["b", "d'e", "nobody"]})["number"]) == [2, 3]
    assert list(store.read(READINGS, where={"number": "3", "remark": ["y"]})["sensor"]) == ["c"]
    assert store.read(READINGS, where={"sensor": []}).empty


def test_a_column_that_the_group_does_not_have_cannot_be_asked_for(store):
    store.upsert(READINGS, readings(("a", 1, day(0))))
    with pytest.raises(SchemaMismatch, match="colour"):
        store.read(READINGS, columns=["colour"])
    with pytest.raises(SchemaMismatch, match="colour"):
        store.read(READINGS, where={"colour": "red"})


def test_newest_and_count_follow_every_write(store):
    store.upsert(READINGS, readings(("a", 1, day(5)), ("a", 2, day(3))))
    store.upsert(READINGS, readings(("a", 3, day(4)), ("a", 2, day(3)), value=7.0))
    assert store.newest(READINGS) == datetime(2026, 1, 6, tzinfo=UTC)
    assert store.count(READINGS) == 3


def test_a_cleared_group_is_empty_and_can_be_written_again(store):
    store.upsert(READINGS, readings(("a", 1, day(0)), ("a", 2, day(0))))
    store.clear(READINGS)
    assert store.count(READINGS) == 0
    assert store.newest(READINGS) is None
    assert store.upsert(READINGS, readings(("a", 2, day(0)))) == 1
    assert list(store.read(READINGS)["number"]) == [2]


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (lambda rows: rows.drop(columns=["value", "grade"]), SchemaMismatch, "value, grade"),
        (lambda rows: rows.assign(value="much"), SchemaMismatch, "readings"),
        (lambda rows: rows.assign(grade=1.5), SchemaMismatch, "readings"),
        (lambda rows: rows.assign(remark=5), SchemaMismatch, "remark"),
        (lambda rows: rows.assign(sensor=[None, "b"]), StoreError, "sensor"),
        (lambda rows: rows.assign(event_time=[pd.NaT, NOON]), StoreError, "event_time"),
    ],
)
def test_rows_that_do_not_fit_are_refused_whole(store, spoil, error, says):
    with pytest.raises(error, match=says):
        store.upsert(READINGS, spoil(readings(("a", 1, day(0)), ("b", 1, day(0)))))
    assert store.count(READINGS) == 0


def test_a_group_with_other_columns_is_refused_until_it_is_cleared(store):
    store.upsert(READINGS, readings(("a", 1, day(0))))
    columns = (*READINGS.columns[:3], Column("colour", "string"))
    other = dataclasses.replace(READINGS, columns=columns)
    coloured = readings(("a", 1, day(0)), colour="red")
    with pytest.raises(SchemaMismatch, match="colour"):
        store.read(other)
    with pytest.raises(SchemaMismatch, match="value"):
        store.upsert(other, coloured)
    assert store.count(READINGS) == 1
    store.clear(other)
    assert store.upsert(other, coloured) == 1
    assert_frame_equal(store.read(other), conform(coloured, other))


def test_a_table_of_an_earlier_version_grows_with_the_next_write(store):
    store.upsert(READINGS, readings(("a", 1, day(0)), ("b", 1, day(1))))
    grown = dataclasses.replace(READINGS, columns=(*READINGS.columns, Column("colour", "string")))
    before = conform(readings(("a", 1, day(0)), ("b", 1, day(1)), colour=None), grown)
    assert_frame_equal(store.read(grown), before)
    assert store.read(grown, where={"colour": "red"}).empty
    assert store.upsert(grown, before) == 0
    assert_frame_equal(store.read(READINGS), before[READINGS.column_names])
    coloured = readings(("b", 1, day(1)), colour="red")
    assert store.upsert(grown, coloured) == 1
    assert list(store.read(grown)["colour"]) == [None, "red"]
    assert list(store.read(grown, where={"colour": "red"})["sensor"]) == ["b"]
    assert store.upsert(grown, coloured) == 0
    with pytest.raises(SchemaMismatch, match="it has colour"):
        store.read(READINGS)


def test_the_groups_of_a_real_data_set_can_be_kept(store):
    wine, task = dataset_named("wine"), task_named("wine_quality")
    for group in (samples_group(wine), predictions_group(task), quarantine_group(wine)):
        rows = pd.DataFrame({column.name: _examples(column.type) for column in group.columns})
        assert store.upsert(group, rows) == 3
        assert store.upsert(group, rows) == 0
        assert_frame_equal(store.read(group), conform(rows, group))


def _examples(kind):
    times = [NOON, NOON + timedelta(milliseconds=1), NOON + timedelta(days=1)]
    return {"string": ["x", "y", "z"], "double": [0.1, 0.2, 0.3], "bigint": [3, 2, 1], "timestamp": times}[kind]


def test_a_registered_model_is_listed_described_and_downloaded(store, tmp_path):
    assert store.versions("a_task") == []
    folder = model_folder(tmp_path / "candidate", version=3)
    for version in (10, 3):
        store.register(VIEW, version, folder)
    assert store.versions("a_task") == [3, 10]
    assert store.versions("another_task") == []
    assert store.describe("a_task", 3) == {"classes": ["a", "b"], "version": 3}
    copy = store.download("a_task", 3, tmp_path / "copy")
    assert copy == tmp_path / "copy"
    assert _content(copy) == _content(folder)


def _content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_version_is_registered_once(store, tmp_path):
    store.register(VIEW, 1, model_folder(tmp_path / "one", name="one"))
    with pytest.raises(VersionTaken, match=r"1.*a_task"):
        store.register(VIEW, 1, model_folder(tmp_path / "two", name="two"))
    assert store.describe("a_task", 1)["name"] == "one"


def test_a_folder_without_a_description_is_no_model(store, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match=r"model\.json"):
        store.register(VIEW, 1, tmp_path / "empty")
    assert store.versions("a_task") == []


def test_a_version_that_does_not_exist_is_not_found(store, tmp_path):
    store.register(VIEW, 1, model_folder(tmp_path / "one"))
    with pytest.raises(NotFound, match=r"a_task.*2"):
        store.describe("a_task", 2)
    with pytest.raises(NotFound, match=r"a_task.*2"):
        store.download("a_task", 2, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_download_overwrites_nothing(store, tmp_path):
    store.register(VIEW, 1, model_folder(tmp_path / "one"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.json").write_text("precious")
    with pytest.raises(StoreError, match="mine"):
        store.download("a_task", 1, tmp_path / "mine")
    assert (tmp_path / "mine" / "model.json").read_text() == "precious"


def entry(version, minute=0, task="a_task"):
    return ChampionEntry(task, version, NOON + timedelta(minutes=minute), "someone", f"because of {version}")


def test_the_champion_moves_forward_back_and_away_and_the_log_keeps_it_all(store, tmp_path):
    folder = model_folder(tmp_path / "one")
    for version in (1, 2):
        store.register(VIEW, version, folder)
    assert store.champion("a_task") is None
    assert store.champion_log("a_task") == []
    moves = [entry(1, 0), entry(2, 1), entry(1, 2), entry(None, 3)]
    for move, expected in zip(moves, [None, 1, 2, 1], strict=True):
        store.move_champion(move, expected)
        assert store.champion("a_task") == (move if move.version else None)
    assert store.champion_log("a_task") == moves
    assert store.champion_log("another_task") == []


def test_who_expects_another_champion_moves_nothing(store, tmp_path):
    folder = model_folder(tmp_path / "one")
    for version in (1, 2):
        store.register(VIEW, version, folder)
    with pytest.raises(ChampionMoved, match="a_task"):
        store.move_champion(entry(1), 2)
    store.move_champion(entry(1), None)
    with pytest.raises(ChampionMoved, match="a_task"):
        store.move_champion(entry(2), None)
    assert store.champion_log("a_task") == [entry(1)]


def test_a_version_that_is_not_registered_cannot_be_champion(store):
    with pytest.raises(NotFound, match=r"a_task.*7"):
        store.move_champion(entry(7), None)
    assert store.champion("a_task") is None


def test_files_are_kept_by_name(store):
    assert store.get_file("dashboard/metrics.json") is None
    assert store.list_files("dashboard") == []
    contents = {
        "dashboard/metrics.json": b"{}",
        "dashboard/a_task/recent.png": b"\x89PNG\r\n\x00",
        "site/index.html": b"",
    }
    for name, content in contents.items():
        store.put_file(name, content)
    assert {name: store.get_file(name) for name in contents} == contents
    assert store.list_files("dashboard/") == ["dashboard/a_task/recent.png", "dashboard/metrics.json"]
    store.put_file("dashboard/metrics.json", json.dumps({"n": 1}).encode())
    assert store.get_file("dashboard/metrics.json") == b'{"n": 1}'


@pytest.mark.parametrize(
    "name", ["", "/etc/x", "../x", "a/../../x", "a//b", "./a", "a/", "tables/readings/x", "models/x", ".git/config"]
)
def test_a_file_name_that_leads_elsewhere_is_refused(store, name):
    with pytest.raises(StoreError, match="name"):
        store.put_file(name, b"x")
    with pytest.raises(StoreError, match="name"):
        store.get_file(name)


def test_models_champions_and_tables_are_not_among_the_files(store, tmp_path):
    store.register(VIEW, 1, model_folder(tmp_path / "one"))
    store.move_champion(entry(1), None)
    store.upsert(READINGS, readings(("a", 1, day(0))))
    assert store.list_files("") == []
