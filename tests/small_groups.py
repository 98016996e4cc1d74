"""Small feature groups, and rows and a model for them, that the tests of the stores write."""

import json

import pandas as pd

from pipelines.stores.base import Column, FeatureGroup, FeatureView

READINGS = FeatureGroup(
    name="readings",
    description="What sensors measured.",
    columns=(
        Column("sensor", "string"),
        Column("number", "bigint"),
        Column("event_time", "timestamp"),
        Column("value", "double"),
        Column("remark", "string"),
        Column("grade", "bigint"),
    ),
    key=("sensor", "number"),
    event_time="event_time",
)

COMPLAINTS = FeatureGroup(
    name="complaints",
    description="What was wrong, kept as it was first seen.",
    columns=(Column("complaint_id", "string"), Column("text", "string"), Column("seen_at", "timestamp")),
    key=("complaint_id",),
    event_time="seen_at",
    append_only=True,
)

VIEW = FeatureView("a_task", "Grades from values.", READINGS, inputs=("value",), label="grade")


def readings(*rows, **constants) -> pd.DataFrame:
    """Rows of `READINGS` from (sensor, number, event time) with `constants` in the other columns."""
    frame = pd.DataFrame(rows, columns=["sensor", "number", "event_time"])
    frame["event_time"] = pd.to_datetime(frame["event_time"], utc=True, format="ISO8601")
    return frame.assign(**{"value": 1.0, "remark": None, "grade": None, **constants})


def day(number: int) -> str:
    """A day of 2026, as text."""
    return (pd.Timestamp("2026-01-01") + pd.Timedelta(days=number)).date().isoformat()


def model_folder(folder, **info):
    """A folder that has what a store asks of a model."""
    (folder / "pictures").mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps({"classes": ["a", "b"], **info}))
    (folder / "model.skops").write_bytes(bytes(range(256)) * 40)
    (folder / "pictures" / "confusion.png").write_bytes(b"\x89PNG")
    return folder
