"""The history of a data set: a source file becomes rows with roles, and a quarantine."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from pipelines.datasets import DataSet, series
from pipelines.datasets.arrivals import HISTORICAL
from pipelines.datasets.contract import Validated, quarantine_rows, validate
from pipelines.datasets.fetching import Access
from pipelines.datasets.identity import distinguishable
from pipelines.datasets.plausibility import absent_classes, mostly_broken, unusual_columns
from pipelines.datasets.roles import assign_roles
from pipelines.datasets.sources import Source
from pipelines.documents import Damaged
from pipelines.documents.source import SourceInfo, source_text
from pipelines.errors import SourceError, StoreError
from pipelines.features.history import source_of
from pipelines.stores.backfills import Backfill, history_checksum, read_backfill, record_backfill
from pipelines.stores.base import ChampionEntry, Store
from pipelines.stores.catalogue import (
    ROLES,
    backfilled_source,
    predictions_group,
    quarantine_group,
    samples_group,
    source_file,
)

# How many faults an error sentence names.
FAULTS_SHOWN = 3
LOST_BY_REPLACE = "this removes the arrivals and predictions of the data set and withdraws its champions"
ACCEPT_UNUSUAL = "If it is right as it is, backfill it with --accept-unusual."


@dataclass(frozen=True)
class BackfillReport:
    """What a backfill found and did.

    `rows` is what the source has, `accepted` what kept the data contract, `with_gaps` how many of these lack a
    measurement and `unlabelled` how many lack a label, `absent` the classes that no row has, by the title of the task,
    `distinguishable` whether equal rows count as one sample, `roles` how many each role has,
    `quarantined` what broke the contract, `reasons` how often each fault was found, most frequent first. `written`
    counts the rows that the store did not have yet; 0 where the same source had been backfilled before.
    """

    dataset: str
    source: str
    sha256: str
    rows: int
    accepted: int
    with_gaps: int
    unlabelled: int
    absent: dict[str, tuple[str, ...]]
    distinguishable: bool
    roles: dict[str, int]
    quarantined: int
    reasons: dict[str, int]
    written: int
    replaced: bool


def backfill(
    store: Store,
    dataset: DataSet,
    sources: Sequence[Path],
    now: datetime,
    *,
    replace: bool = False,
    accept_unusual: bool = False,
    access: Access | None = None,
) -> BackfillReport:
    """Load the historical rows of a data set into the store.

    The same source again changes nothing, and completes a backfill that was killed, also one with `replace`.

    Parameters
    ----------
    sources
        CSV files; the data set's own source if there are none, or a live one where `access` names a place.
    now
        The clock of the run (UTC).
    replace
        Start over: arrivals, predictions and quarantine are removed and the champions withdrawn, because the roles
        change and an older model may have been trained on rows that now test.
    accept_unusual
        Take a source whose values are possible but not plausible, or of which many rows are broken.
    access
        How a live source is asked.

    Raises
    ------
    SourceError
        The source cannot be read, is unlike what the data set expects, too few of its rows can be used, or the store
        has been backfilled from another one and `replace` is not set; nothing was written.
    """
    source = source_of(store, dataset, sources, access, anew=replace)
    before = read_backfill(store, dataset)
    replace = replace or _is_half_replaced(before, source)
    present = None if replace else _present_source(store, dataset, source, before)
    if not replace:
        _refuse_another(dataset, source, before, present)
    checked = validate(dataset, source.rows, plausible=not accept_unusual)
    if not accept_unusual:
        _refuse_other_columns(dataset, source)
    # Each day is a sample of its own, however alike two are.
    apart = dataset.split != "time" and distinguishable(dataset, checked.accepted)
    history = _historical(dataset, checked, source, distinguishable=apart)
    if not accept_unusual:
        _refuse_mostly_broken(dataset, source, checked)
    this = Backfill(source.name, source.sha256, replace)
    if replace or not (before and before.finished):
        record_backfill(store, dataset, this)
    if replace:
        _start_over(store, dataset, source, now)
    if not present:
        # Before its rows, so that another source is refused if this is killed.
        store.put_file(source_file(dataset), source_text(_described(source, now, distinguishable=apart)))
    store.upsert(quarantine_group(dataset), quarantine_rows(checked.rejected, source.name, now))
    written = store.upsert(samples_group(dataset), history)
    if written or replace or not (before and before.finished):
        record_backfill(store, dataset, dataclasses.replace(this, history=history_checksum(store, dataset)))
    return BackfillReport(
        dataset=dataset.name,
        source=source.name,
        sha256=source.sha256,
        rows=len(source.rows),
        accepted=len(history),
        unlabelled=int(history[[label.name for label in dataset.labels]].isna().any(axis=1).sum()),
        absent=absent_classes(dataset, history),
        with_gaps=int(history[dataset.numeric].isna().any(axis=1).sum()),
        distinguishable=apart,
        roles={role: int((history["role"] == role).sum()) for role in ROLES},
        quarantined=len(checked.rejected),
        reasons=checked.faults,
        written=written,
        replaced=replace,
    )


def _is_half_replaced(before: Backfill | None, source: Source) -> bool:
    """Whether this source was replacing another when the run ended: what was begun by order is finished."""
    return bool(before and before.replace and not before.finished and before.sha256 == source.sha256)


def _present_source(store: Store, dataset: DataSet, source: Source, before: Backfill | None) -> SourceInfo | None:
    """What the rows came from; None before a backfill, and where this is damaged and a second record has the same."""
    try:
        return backfilled_source(store, dataset)
    except StoreError as error:
        if not isinstance(error.__cause__, Damaged):
            raise
        if before is None:
            raise StoreError(
                f"{source_file(dataset)} is damaged, and nothing else in {store.location} tells where its rows came "
                f"from. Take the file from a copy of the store, or start over with --replace: {LOST_BY_REPLACE}."
            ) from error
        if before.sha256 != source.sha256:
            raise _another(dataset, source, before.name, before.sha256) from error
        return None


def _refuse_another(dataset: DataSet, source: Source, before: Backfill | None, present: SourceInfo | None) -> None:
    if before and not before.finished and before.sha256 != source.sha256:
        raise SourceError(
            f"A backfill of {dataset.name} from {before} was stopped before its end, so the store has its rows in part "
            f"or not at all. Give that source to finish it, or start over from {source.name} with --replace."
        )
    if present and present["sha256"] != source.sha256:
        raise _another(dataset, source, present["name"], present["sha256"])


def _another(dataset: DataSet, source: Source, name: str, sha256: str) -> SourceError:
    return SourceError(
        f"The store has the rows of {name} (SHA-256 {sha256[:12]}) for {dataset.name}, not those of {source.name} "
        f"({source.sha256[:12]}). Backfill with --replace to start over: {LOST_BY_REPLACE}."
    )


def _refuse_other_columns(dataset: DataSet, source: Source) -> None:
    unusual = unusual_columns(dataset, source.rows)
    if unusual:
        raise SourceError(
            f"The source {source.name} is unlike {dataset.name}: {'; '.join(unusual[:FAULTS_SHOWN])}. Check the units "
            f"and the scale. {ACCEPT_UNUSUAL}"
        )


def _refuse_mostly_broken(dataset: DataSet, source: Source, checked: Validated) -> None:
    if mostly_broken(checked):
        raise SourceError(
            f"Of {len(source.rows)} rows in {source.name}, {len(checked.rejected)} cannot be used as {dataset.name}: "
            f"{'; '.join(list(checked.faults)[:FAULTS_SHOWN])}. Check that it is the right file. {ACCEPT_UNUSUAL}"
        )


def _historical(dataset: DataSet, checked: Validated, source: Source, *, distinguishable: bool) -> pd.DataFrame:
    """The accepted rows of a source as rows of the samples group."""
    rows = identified(dataset, checked.accepted)
    roles = assign_roles(dataset, rows, distinguishable=distinguishable)
    if set(roles) != set(ROLES):
        faults = "; ".join(list(checked.faults)[:FAULTS_SHOWN])
        raise SourceError(
            f"The source {source.name} has {len(rows)} rows that can be used as {dataset.name}, of {len(source.rows)}; "
            f"that is too few that differ to train, to test and to keep a reserve. Give a file with more rows"
            + (f", and see what is wrong with the others: {faults}." if faults else ".")
        )
    return rows.assign(origin=HISTORICAL, role=roles)


def identified(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of a source with `sample_id` and `event_time`: numbered by their position, or named after their day."""
    if dataset.split == "random":
        ids = [f"{dataset.name}-h-{position:05d}" for position in rows.index]
        return rows.assign(sample_id=ids, event_time=dataset.historical_time)
    return series.complete(dataset, series.each_day_once(dataset, rows))


def _start_over(store: Store, dataset: DataSet, source: Source, now: datetime) -> None:
    """Remove what the old rows led to, models in charge first, so that none of them predicts in between."""
    for task in dataset.tasks:
        champion = store.champion(task.name)
        if champion:
            reason = f"{dataset.name} was backfilled anew from {source.name} ({source.sha256[:12]}); the roles changed"
            store.move_champion(ChampionEntry(task.name, None, now, "backfill", reason), champion.version)
        store.clear(predictions_group(task))
    store.clear(quarantine_group(dataset))
    store.clear(samples_group(dataset))


def _described(source: Source, now: datetime, *, distinguishable: bool) -> SourceInfo:
    return {
        "sha256": source.sha256,
        "name": source.name,
        "rows": len(source.rows),
        "distinguishable": distinguishable,
        "at": now.isoformat(timespec="seconds"),
    }
