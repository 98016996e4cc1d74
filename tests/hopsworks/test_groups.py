"""What is odd about feature groups at Hopsworks, and does not show through the store."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from small_groups import COMPLAINTS, READINGS, day, readings

from pipelines.datasets import dataset_named
from pipelines.errors import SchemaMismatch, StoreError, StoreUnavailable
from pipelines.stores.base import Column
from pipelines.stores.catalogue import samples_group
from pipelines.stores.hopsworks import groups, ingestion, sdk
from pipelines.stores.rows import conform


def group_in_hopsworks(store, group):
    with sdk.quiet():
        return store.connection.features.get_feature_group(group.name, 1)


@pytest.fixture(params=["kafka_store", "delta_store"])
def any_store(request):
    return request.getfixturevalue(request.param)


def wine_rows():
    wine = samples_group(dataset_named("wine"))
    values = {"string": "x", "double": 1.0, "bigint": 5, "timestamp": pd.Timestamp("2026-01-01", tz="UTC")}
    return wine, pd.DataFrame([{column.name: values[column.type] for column in wine.columns}])


def test_people_see_descriptions_units_keys_and_the_contract(any_store):
    wine, rows = wine_rows()
    any_store.upsert(wine, rows)
    known = group_in_hopsworks(any_store, wine)
    assert (known.description, known.primary_key, known.event_time) == (wine.description, ["sample_id"], "event_time")
    descriptions = {feature.name: feature.description for feature in known.columns}
    assert descriptions["alcohol"] == "The share of alcohol by volume. (% vol)"
    contract = {
        (entry.expectation_type, entry.kwargs["column"]): entry.kwargs for entry in known.expectation_suite.expectations
    }
    alcohol = contract["expect_column_values_to_be_between", "alcohol"]
    assert (alcohol["min_value"], alcohol["max_value"]) == (5, 25)
    assert contract["expect_column_values_to_be_in_set", "quality"]["value_set"] == [3, 4, 5, 6, 7, 8, 9]
    assert contract["expect_column_values_to_be_in_set", "type"]["value_set"] == ["red", "white"]
    assert ("expect_column_values_to_not_be_null", "sample_id") in contract


def test_the_contract_keeps_nobody_from_writing_who_has_no_great_expectations(any_store):
    any_store.upsert(READINGS, readings(("a", 1, day(0))))
    known = group_in_hopsworks(any_store, READINGS)
    with sdk.quiet():
        known.insert(ingestion.exact(conform(readings(("a", 2, day(0))), READINGS), READINGS))


def test_a_contract_that_changed_is_shown_as_it_is_now(any_store):
    any_store.upsert(READINGS, readings(("a", 1, day(0))))
    columns = [dataclasses.replace(column, low=0) if column.name == "value" else column for column in READINGS.columns]
    bounded = dataclasses.replace(READINGS, columns=tuple(columns))
    any_store.upsert(bounded, readings(("a", 2, day(0))))
    kinds = [entry.expectation_type for entry in group_in_hopsworks(any_store, READINGS).expectation_suite.expectations]
    assert "expect_column_values_to_be_between" in kinds


def test_the_write_path_is_that_of_the_settings(kafka_store, delta_store, emulator):
    delta_store.upsert(READINGS, readings(("a", 1, day(0))))
    assert not emulator.log("kafka")
    kafka_store.upsert(COMPLAINTS, pd.DataFrame({"complaint_id": ["1"], "text": "x", "seen_at": pd.Timestamp(day(0))}))
    assert emulator.log("kafka")


def test_a_group_keeps_the_write_path_that_it_was_made_with(kafka_store, delta_store):
    kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
    delta_store.upsert(READINGS, readings(("b", 1, day(0))))
    assert list(delta_store.read(READINGS)["sensor"]) == ["a", "b"]


def test_rows_come_back_in_no_order_and_are_sorted(any_store):
    rows = readings(*(("a", number, day(0)) for number in range(40)))
    any_store.upsert(READINGS, rows)
    known = group_in_hopsworks(any_store, READINGS)
    with sdk.quiet(), known.select_all().read_batches() as batches:
        received = [number for batch in batches for number in batch["number"].to_pylist()]
    assert received != sorted(received)
    assert list(any_store.read(READINGS)["number"]) == list(range(40))


def test_a_write_is_over_when_its_rows_can_be_read(kafka_store, emulator):
    emulator.knobs(job_seconds=0.5, visible_after=0.5)
    kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
    assert kafka_store.count(READINGS) == 1


def test_rows_that_a_job_loses_are_missed(kafka_store, emulator, monkeypatch):
    monkeypatch.setattr(groups, "VISIBLE_SECONDS", 0.5)
    kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
    emulator.knobs(job_loses=2)
    rows = readings(("a", 1, day(0)), ("b", 1, day(0)), ("c", 1, day(0)), ("d", 1, day(0)))
    with pytest.raises(StoreUnavailable, match="2 of 3 rows"):
        kafka_store.upsert(READINGS, rows)
    assert kafka_store.upsert(READINGS, rows) == 2
    assert kafka_store.count(READINGS) == 4


def test_a_job_that_runs_already_is_waited_for_and_another_one_started(kafka_store, emulator):
    kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
    emulator.knobs(job_seconds=1.0)
    job = group_in_hopsworks(kafka_store, READINGS).materialization_job
    with sdk.quiet():
        job.run(await_termination=False)
    emulator.knobs(job_seconds=0.0)
    assert kafka_store.upsert(READINGS, readings(("b", 1, day(0)))) == 1
    assert kafka_store.count(READINGS) == 2
    assert len([line for line in emulator.log("/executions") if line.startswith("200 POST")]) == 3


def test_a_job_that_failed_is_told_and_its_rows_come_with_the_next(kafka_store, emulator):
    kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
    emulator.knobs(job_fails=1)
    rows = readings(("b", 1, day(0)))
    with pytest.raises(StoreError, match=r"job readings_1_offline_fg_materialization ended as FAILED"):
        kafka_store.upsert(READINGS, rows)
    kafka_store.upsert(READINGS, rows)
    assert list(kafka_store.read(READINGS)["sensor"]) == ["a", "b"]


def test_a_job_that_never_ends_is_not_waited_for_for_ever(kafka_store, emulator, monkeypatch):
    monkeypatch.setattr(ingestion, "JOB_SECONDS", 0.5)
    emulator.knobs(job_seconds=3.0)
    with pytest.raises(StoreUnavailable, match="not done after"):
        kafka_store.upsert(READINGS, readings(("a", 1, day(0))))


def test_a_group_can_be_made_where_only_kafka_can_be_reached(kafka_store, emulator):
    kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
    assert not emulator.log("loadbalancer_external_domain_datanode")


def test_a_column_can_be_empty_from_the_first_write_on(any_store):
    rows = readings(("a", 1, day(0)), ("a", 2, day(0)), value=None)
    any_store.upsert(READINGS, rows)
    assert_frame_equal(any_store.read(READINGS), conform(rows, READINGS))


def test_a_missing_number_is_null_and_not_nan(any_store):
    any_store.upsert(READINGS, readings(("a", 1, day(0)), value=None))
    known = group_in_hopsworks(any_store, READINGS)
    with sdk.quiet(), known.select(["value"]).read_batches() as batches:
        assert [batch["value"].null_count for batch in batches] == [1]


def test_types_are_cast_to_those_of_the_group(any_store):
    rows = readings(("a", 1, day(0)), ("b", 2, day(0)), grade=3)
    loose = rows.assign(
        number=rows["number"].astype("int32"),
        value=[1, 2],
        grade=rows["grade"].astype("float64"),
        sensor=rows["sensor"].astype("category"),
        event_time=rows["event_time"].dt.tz_convert("Europe/Stockholm").astype("datetime64[ns, Europe/Stockholm]"),
    )
    any_store.upsert(READINGS, loose)
    assert any_store.upsert(READINGS, rows.assign(value=[1.0, 2.0])) == 0


def test_times_are_written_without_a_zone_in_microseconds(any_store):
    early = datetime(1936, 9, 1, 0, 0, 0, 1, tzinfo=UTC)
    any_store.upsert(READINGS, readings(("a", 1, early)))
    known = group_in_hopsworks(any_store, READINGS)
    with sdk.quiet(), known.select(["event_time"]).read_batches() as batches:
        assert [batch["event_time"].to_pylist() for batch in batches] == [[early.replace(tzinfo=None)]]


def test_a_window_is_exact_although_the_client_cuts_times_to_seconds(any_store):
    for second in (datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC), datetime(1936, 1, 1, 0, 0, 9, tzinfo=UTC)):
        times = [second + timedelta(microseconds=offset) for offset in (0, 400, 999_999)]
        any_store.upsert(READINGS, readings(*(("a", number, time) for number, time in enumerate(times))))
        window = {"start": times[1], "end": times[2] + timedelta(microseconds=1)}
        assert list(any_store.read(READINGS, **window)["number"]) == [1, 2]
        assert list(any_store.read(READINGS, start=times[0], end=times[1])["number"]) == [0]
        any_store.clear(READINGS)


def test_variables_that_filter_reads_do_not(any_store, monkeypatch):
    any_store.upsert(READINGS, readings(("a", 1, day(0)), ("b", 1, day(40))))
    monkeypatch.setenv("HOPS_START_TIME", "2026-01-20T00:00:00.000000Z")
    monkeypatch.setenv("HOPS_END_TIME", "2026-01-21T00:00:00.000000Z")
    assert len(any_store.read(READINGS)) == 2
    assert any_store.count(READINGS) == 2


def test_filters_are_left_to_the_server(delta_store, monkeypatch):
    delta_store.upsert(READINGS, readings(*(("a", number, day(number)) for number in range(20))))
    delta_store.read(READINGS, start=datetime(2026, 1, 3, tzinfo=UTC), end=datetime(2026, 1, 5, tzinfo=UTC))
    fetched = count_fetched(monkeypatch)
    delta_store.read(READINGS, start=datetime(2026, 1, 3, tzinfo=UTC), end=datetime(2026, 1, 5, tzinfo=UTC))
    delta_store.read(READINGS, where={"number": ["3", "4"], "sensor": "a"}, columns=["value"])
    assert fetched == [2, 2]


def test_the_newest_row_is_found_without_reading_the_group(delta_store, monkeypatch):
    now = pd.Timestamp.now(tz="UTC")
    rows = readings(*(("a", number, now - pd.Timedelta(days=number)) for number in range(1, 300)))
    delta_store.upsert(READINGS, rows)
    fetched = count_fetched(monkeypatch)
    assert delta_store.newest(READINGS) == rows["event_time"].dt.as_unit("us").max()
    assert sum(fetched) <= 2


@pytest.mark.parametrize("time", ["1700-01-01", "1936-09-01", "2026-05-05 05:05:05.000005", "2250-01-01"])
def test_the_newest_row_is_found_whenever_it_was(delta_store, time):
    newest = datetime.fromisoformat(time).replace(tzinfo=UTC)
    delta_store.upsert(READINGS, readings(("a", 1, newest - timedelta(seconds=1)), ("a", 2, newest)))
    assert delta_store.newest(READINGS) == newest


def count_fetched(monkeypatch):
    """The number of rows of each request from now on."""
    from pipelines.stores.hopsworks import queries

    fetched, fetch = [], queries._fetch

    def counting(*args):
        rows = fetch(*args)
        fetched.append(len(rows))
        return rows

    monkeypatch.setattr(queries, "_fetch", counting)
    return fetched


def test_a_row_seen_before_is_not_written_again_at_another_time(any_store):
    many = pd.DataFrame(
        {"complaint_id": [f"{n:064}" for n in range(1200)], "text": "x", "seen_at": pd.Timestamp(day(0))}
    )
    assert any_store.upsert(COMPLAINTS, many) == 1200
    again = many.assign(seen_at=pd.Timestamp(day(50)), text="y")
    assert any_store.upsert(COMPLAINTS, again) == 0
    assert any_store.count(COMPLAINTS) == 1200


def test_another_key_is_another_schema(any_store):
    any_store.upsert(READINGS, readings(("a", 1, day(0))))
    other = dataclasses.replace(READINGS, key=("sensor",))
    with pytest.raises(SchemaMismatch, match="its key is"):
        any_store.read(other)
    retyped = [Column(c.name, "string") if c.name == "grade" else c for c in READINGS.columns]
    with pytest.raises(SchemaMismatch, match=r"grade is bigint and should be string.*--replace"):
        any_store.read(dataclasses.replace(READINGS, columns=tuple(retyped)))


def test_a_group_that_two_make_at_once_is_made_once(any_store, emulator):
    def make():
        with sdk.quiet():
            any_store.connection.features.create_feature_group(
                **groups.definitions.arguments(READINGS, any_store.settings.write_path)
            ).save()

    create = any_store._create_group
    any_store._create_group = lambda group: (make(), create(group))[1]
    assert any_store.upsert(READINGS, readings(("a", 1, day(0)))) == 1
    assert any(line.startswith("400 POST") for line in emulator.log("/featuregroups?"))


def test_two_that_write_the_same_rows_directly_write_them_once(delta_store):
    delta_store.upsert(READINGS, readings(("z", 1, day(0))))
    rows = readings(*(("a", number, day(0)) for number in range(50)))
    write = ingestion.insert

    def beaten(known, group, changed):
        write(known, group, changed.iloc[:30])
        write(known, group, changed)

    groups.ingestion.insert = beaten
    try:
        delta_store.upsert(READINGS, rows)
    finally:
        groups.ingestion.insert = write
    assert delta_store.count(READINGS) == 51


def test_what_was_sent_to_kafka_before_a_clear_does_not_come_back(kafka_store, emulator):
    kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
    emulator.knobs(job_fails=1)
    with pytest.raises(StoreError):
        kafka_store.upsert(READINGS, readings(("b", 1, day(0))))
    kafka_store.clear(READINGS)
    kafka_store.upsert(READINGS, readings(("c", 1, day(0))))
    assert list(kafka_store.read(READINGS)["sensor"]) == ["c"]


def test_a_cleared_group_with_other_columns_leaves_views_of_it_in_place(any_store):
    any_store.upsert(READINGS, readings(("a", 1, day(0))))
    known = group_in_hopsworks(any_store, READINGS)
    with sdk.quiet():
        any_store.connection.features.create_feature_view("somebodys", known.select(["value"]), version=1)
    any_store.clear(dataclasses.replace(READINGS, columns=READINGS.columns[:3]))
    assert any_store.count(READINGS) == 0
    with sdk.quiet():
        assert any_store.connection.features.get_feature_view("somebodys", 1) is not None


def test_every_type_survives_the_journey_through_kafka_as_through_delta(kafka_store, delta_store):
    rows = readings(*(("a", number, day(0)) for number in range(6)), remark="größer 😀 'x' \"y\"")
    rows["value"] = [0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, None, 1 / 3]
    rows["grade"] = pd.array([2**63 - 1, -(2**63), 0, None, 2**53 + 1, -1], dtype="Int64")
    kafka_store.upsert(READINGS, rows)
    delta = dataclasses.replace(READINGS, name="readings_delta")
    delta_store.upsert(delta, rows)
    assert_frame_equal(kafka_store.read(READINGS), delta_store.read(delta))
    assert_frame_equal(kafka_store.read(READINGS), conform(rows, READINGS))


def test_suites_are_compared_by_what_they_say():
    kept = groups.definitions.expectations(READINGS)
    assert json.loads(json.dumps(kept)) == [list(pair) for pair in kept]
    assert not groups.definitions.same_suite(None, READINGS)
