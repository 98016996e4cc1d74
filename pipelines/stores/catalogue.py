"""What the store holds of a data set: its feature groups and views, its history and source, its model versions."""

import math
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import singledispatch
from pathlib import Path
from typing import TypeVar

import pandas as pd

from pipelines.datasets import DataSet, Task
from pipelines.datasets.arrivals import HISTORICAL, ORIGINS
from pipelines.datasets.names import BASELINE, INTERVALS, LEDGER, PREDICTIONS, QUARANTINE
from pipelines.datasets.outcomes import Classes, Number
from pipelines.datasets.spec import Feature, Label
from pipelines.documents import Damaged
from pipelines.documents.model import ModelInfo
from pipelines.documents.source import SourceInfo, parse_source
from pipelines.errors import ModelRefused, StoreError, StoreUnavailable
from pipelines.stores.base import TICK, Column, ColumnType, FeatureGroup, FeatureView, Store

T = TypeVar("T")

ROLES = ("train", "test", "reserve")
SERVED = ("champion", "challenger")

_SAMPLE_ID = Column("sample_id", "string", "Which sample this is; does not depend on its measurements.")
_EVENT_TIME = Column("event_time", "timestamp", "When the sample arrived (UTC).")


def samples_group(dataset: DataSet) -> FeatureGroup:
    """The samples of a data set: measurements, labels, origin and role."""
    return FeatureGroup(
        name=dataset.name,
        description=f"{dataset.title}: {dataset.description}",
        columns=(
            _SAMPLE_ID,
            _EVENT_TIME,
            *(_feature_column(feature) for feature in dataset.features),
            *(_label_column(dataset, label) for label in dataset.labels),
            Column("origin", "string", "How the sample came here.", values=ORIGINS),
            Column("role", "string", "What a historical sample is used for; empty for arrivals.", values=ROLES),
        ),
        key=("sample_id",),
        event_time="event_time",
    )


def predictions_group(task: Task) -> FeatureGroup:
    """The predictions of a task: one row a sample and model version, never updated by another version."""
    true, (answer, truth, *others) = _answer_columns(task.outcome)
    return FeatureGroup(
        name=f"{task.name}{PREDICTIONS}",
        description=f"{task.title}: what each model version predicted, beside what turned out.",
        columns=(
            _SAMPLE_ID,
            Column("model_version", "bigint", "The registered version that made the prediction."),
            _EVENT_TIME,
            Column("predicted_at", "timestamp", "The clock of the run that made the prediction (UTC)."),
            Column("served", "string", "Whether this version was in charge or in its shadow.", values=SERVED),
            answer,
            truth,
            Column("settled_at", "timestamp", f"The clock of the run that learned the {true} (UTC); empty before."),
            Column("corrected_at", "timestamp", "The clock of the run that last learned another one (UTC)."),
            Column("inputs", "string", "A fingerprint of the measurements that the prediction was made from."),
            *others,
            Column("run_url", "string", "The log of the run that made the prediction."),
        ),
        key=("sample_id", "model_version"),
        event_time="event_time",
    )


def ledger_group(task: Task) -> FeatureGroup:
    """The predictions of a task summed by version and day; all of it can be made again from the predictions."""
    return FeatureGroup(
        name=f"{task.name}{LEDGER}",
        description=f"{task.title}: what each version predicted on each day, summed, and how well it did.",
        columns=(
            Column("model_version", "bigint", "The version that made the predictions."),
            Column("day", "timestamp", "The day of the samples (UTC, midnight)."),
            Column("samples", "bigint", "How many samples it predicted."),
            Column("served", "bigint", "How many of them it predicted as the champion."),
            Column("settled", "bigint", "Of how many of these it is known what turned out."),
            Column("predicted_at", "timestamp", "The clock of the run that made the last of the predictions (UTC)."),
            Column("sums", "string", "What every score follows from, summed over what is settled, as JSON."),
            Column("rolling", "string", "The scores of the newest samples after this day, as JSON, where told."),
            Column("live", "string", "The scores of the version after this day, as JSON, where told."),
        ),
        key=("model_version", "day"),
        event_time="day",
    )


def quarantine_group(dataset: DataSet) -> FeatureGroup:
    """The rows that broke the data contract of a data set, with the reasons."""
    return FeatureGroup(
        name=f"{dataset.name}{QUARANTINE}",
        description=f"{dataset.title}: rows that broke the data contract.",
        columns=(
            Column("quarantine_id", "string", "SHA-256 of the source and the row."),
            Column("row", "string", "The row as it came, as JSON."),
            Column("reasons", "string", "What is wrong with it."),
            Column("source", "string", "Where it came from."),
            Column("seen_at", "timestamp", "The clock of the run that first saw it (UTC)."),
        ),
        key=("quarantine_id",),
        event_time="seen_at",
        append_only=True,
    )


def task_view(task: Task) -> FeatureView:
    """What a task reads of its data set."""
    return FeatureView(
        name=task.name,
        description=f"{task.title}: {task.description}",
        group=samples_group(task.dataset),
        inputs=task.inputs,
        label=task.label,
    )


def read_history(store: Store, dataset: DataSet, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The historical rows of a data set, with these columns or all."""
    start = dataset.historical_time
    end = start + TICK if dataset.split == "random" else None
    return store.read(samples_group(dataset), start=start, end=end, columns=columns, where={"origin": HISTORICAL})


def first_arrival(dataset: DataSet) -> datetime:
    """What no arrival is earlier than; where time splits, historical rows are not either."""
    return dataset.historical_time + (TICK if dataset.split == "random" else timedelta(0))


def backfilled_source(store: Store, dataset: DataSet) -> SourceInfo | None:
    """What the data set was backfilled from; None before a backfill.

    Raises
    ------
    StoreError
        What was written down about it is damaged.
    """
    content = store.get_file(source_file(dataset))
    try:
        return None if content is None else parse_source(content)
    except Damaged as error:
        raise StoreError(
            f"{source_file(dataset)} in {store.location} is damaged ({error}); have it written anew from the same "
            f"source, which changes no row: python -m pipelines backfill {dataset.name}"
        ) from error


def tells_rows_apart(store: Store, dataset: DataSet) -> bool:
    """Whether equal rows of the backfilled source are one sample (see `datasets.identity`); before it was asked, so."""
    source = backfilled_source(store, dataset)
    return source is None or source.get("distinguishable", True)


def source_file(dataset: DataSet) -> str:
    """The name of the file that says what a data set was backfilled from."""
    return f"sources/{dataset.name}.json"


def champion_version(store: Store, task: Task) -> int | None:
    """The version in charge of a task; None where there is none."""
    champion = store.champion(task.name)
    return champion.version if champion else None


def describe_readable(store: Store, task: Task, version: int | None) -> tuple[ModelInfo, str]:
    """The description of a version, and no word; without a version nothing; nothing and why where it is damaged."""
    try:
        return store.describe(task.name, version) if version else {}, ""
    except StoreUnavailable:
        raise
    except StoreError as error:
        return {}, str(error)


def load_version(store: Store, task: Task, version: int, load: Callable[[Path], T]) -> T:
    """What `load` makes of the files of a registered version, which are gone afterwards.

    Raises
    ------
    NotFound
        The version is not registered.
    ModelRefused
        Its files must not be used; the sentence names them as the store does.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = store.download(task.name, version, Path(folder) / "model")
        try:
            return load(files)
        except ModelRefused as error:
            raise ModelRefused(str(error).replace(str(files), f"{task.name}/{version}")) from error


@singledispatch
def _answer_columns(outcome: object) -> tuple[str, Sequence[Column]]:
    """What the truth is called, and the columns of the prediction, of the truth and of the rest of an answer."""
    raise NotImplementedError


@_answer_columns.register
def _class_columns(outcome: Classes) -> tuple[str, Sequence[Column]]:
    return "true class", (
        Column("prediction", "string", "The predicted class.", values=outcome.names),
        Column("label", "string", "The true class, where it is known.", values=outcome.names),
        *(
            Column(name, "double", f"The probability of {label}.", low=0, high=1)
            for name, label in zip(outcome.answer_columns, outcome.names, strict=True)
        ),
    )


@_answer_columns.register
def _number_columns(outcome: Number) -> tuple[str, Sequence[Column]]:
    said = {
        "prediction": "The predicted number.",
        "label": "The true number, where it is known.",
        **{
            f"{side}_{share}": f"The {end} end of the {share} % interval."
            for share in INTERVALS
            for side, end in (("low", "lower"), ("high", "upper"))
        },
        BASELINE: "What the baseline said.",
    }
    return "true number", [
        _numeric_column(name, text, outcome.unit, outcome.low, outcome.high) for name, text in said.items()
    ]


def _numeric_column(name: str, description: str, unit: str, low: float, high: float) -> Column:
    lowest, highest = (end if math.isfinite(end) else None for end in (low, high))
    return Column(name, "double", description, unit, lowest, highest)


def _feature_column(feature: Feature) -> Column:
    if feature.kind == "numeric":
        return _numeric_column(feature.name, feature.description, feature.unit, feature.low, feature.high)
    return Column(feature.name, "string", feature.description, unit=feature.unit, values=feature.values)


def _label_column(dataset: DataSet, label: Label) -> Column:
    if label.kind == "number":
        return _feature_column(dataset.measured_label(label))
    kind: ColumnType = "bigint" if label.kind == "integer" else "string"
    return Column(label.name, kind, label.description, values=label.values)
