"""What Hopsworks is told about a feature group: its features, its data contract, and whether it still fits."""

import contextlib
import json
from typing import Any

from pipelines.stores.base import Column, FeatureGroup
from pipelines.stores.hopsworks.handles import Handle
from pipelines.stores.rows import unfit_columns

VERSION = 1

# A stream group is written through Kafka by a job that keeps Hudi tables; a Delta stream group would have to be
# created by writing an empty table, for which this client has to reach the file system after all.
FORMATS = {"kafka": "HUDI", "delta": "DELTA"}


def arguments(group: FeatureGroup, write_path: str) -> dict[str, Any]:
    """The arguments with which the client creates the group."""
    stream = write_path == "kafka"
    return {
        "name": group.name,
        "version": VERSION,
        "description": group.description,
        "primary_key": list(group.key),
        "event_time": group.event_time,
        "features": [_feature(column) for column in group.columns],
        "stream": stream,
        "time_travel_format": FORMATS[write_path],
        "hudi_precombine_key": group.event_time if stream else None,
        "online_enabled": False,
        # Statistics are computed by a job of its own, and read by nothing here.
        "statistics_config": False,
        "expectation_suite": expectation_suite(group),
    }


def column_description(column: Column) -> str:
    """The description with the unit, for which Hopsworks has no field."""
    return f"{column.description} ({column.unit})".strip() if column.unit else column.description


def expectation_suite(group: FeatureGroup) -> Handle:
    """The data contract of a group, to be seen in Hopsworks. Rows are checked before any store sees them.

    It does not run on inserts: that needs Great Expectations, and would do again what is done already.
    """
    from hsfs.expectation_suite import ExpectationSuite  # noqa: PLC0415 - the client is loaded when it is used
    from hsfs.ge_expectation import GeExpectation  # noqa: PLC0415 - the same

    return ExpectationSuite(
        expectation_suite_name=f"{group.name}_contract",
        expectations=[GeExpectation(kind, kwargs, {}) for kind, kwargs in expectations(group)],
        meta={},
        run_validation=False,
        validation_ingestion_policy="ALWAYS",
    )


def expectations(group: FeatureGroup) -> list[tuple[str, dict[str, Any]]]:
    """The expectations, by the names and arguments that Great Expectations has for them."""
    expected: list[tuple[str, dict[str, Any]]] = [
        ("expect_column_values_to_not_be_null", {"column": name}) for name in group.order
    ]
    for column in group.columns:
        if column.low is not None or column.high is not None:
            bounds = {"min_value": column.low, "max_value": column.high}
            expected.append(("expect_column_values_to_be_between", {"column": column.name, **bounds}))
        if column.values:
            values = [int(value) for value in column.values] if column.type == "bigint" else list(column.values)
            expected.append(("expect_column_values_to_be_in_set", {"column": column.name, "value_set": values}))
    return expected


def show_contract(remote: Handle, group: FeatureGroup) -> None:
    """Put the data contract of the group in the place of another one that Hopsworks shows."""
    if same_suite(remote.expectation_suite, group):
        return
    # After it has stored the suite, the client fails to convert it for Great Expectations, which is not installed.
    with contextlib.suppress(ModuleNotFoundError):
        remote.save_expectation_suite(expectation_suite(group), overwrite=remote.expectation_suite is not None)


def same_suite(suite: Handle, group: FeatureGroup) -> bool:
    """Whether the suite that Hopsworks keeps is the contract of the group."""

    def canonical(pairs: list[tuple[str, Any]]) -> list[str]:
        return sorted(json.dumps(pair, sort_keys=True) for pair in pairs)

    kept = [] if suite is None else [(entry.expectation_type, entry.kwargs) for entry in suite.expectations]
    return canonical(kept) == canonical(expectations(group))


def difference(remote: Handle, group: FeatureGroup) -> str:
    """What keeps the feature group in Hopsworks from being the group, in words; empty where nothing does."""
    there = {feature.name: str(feature.type) for feature in remote.columns}
    columns = unfit_columns(group, there, {column.name: column.type for column in group.columns})
    keyed = (
        f"its key is {', '.join(remote.primary_key)} and should be {', '.join(group.key)}"
        if set(remote.primary_key) != set(group.key)
        else ""
    )
    timed = (
        f"its event time is {remote.event_time} and should be {group.event_time}"
        if remote.event_time != group.event_time
        else ""
    )
    return "; ".join(filter(None, (columns, keyed, timed)))


def add_lacking_columns(remote: Handle, group: FeatureGroup) -> None:
    """Let a feature group that an earlier version made grow by the columns that it lacks."""
    there = {feature.name for feature in remote.columns}
    lacking = [_feature(column) for column in group.columns if column.name not in there]
    if lacking:
        remote.append_features(lacking)


def _feature(column: Column) -> Handle:
    from hsfs.feature import Feature  # noqa: PLC0415 - the client is loaded when it is used

    return Feature(column.name, type=column.type, description=column_description(column))
