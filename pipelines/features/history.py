"""Where the history of a data set comes from: files, its own source, or a live one that is asked once and kept."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipelines.datasets import DataSet
from pipelines.datasets.fetching import Access, History
from pipelines.datasets.sources import Source, from_frame
from pipelines.errors import NotReadyError
from pipelines.stores.base import Store


def source_of(
    store: Store, dataset: DataSet, paths: Sequence[Path], access: Access | None, *, anew: bool = False
) -> Source:
    """The source of a backfill: the files, or what a live source told of the place at the first backfill, or its own.

    Parameters
    ----------
    anew
        Ask a live source again, whatever is kept of it.

    Raises
    ------
    SourceError
        A file cannot be read, or a live source does not answer as it should.
    """
    live = None if paths else _live(dataset, access)
    if live is None:
        return dataset.load(paths)
    ask, asked = live
    name = history_file(dataset, asked.place)
    kept = None if anew else store.get_file(name)
    if kept is None:
        # Its archive is corrected now and then, and would be another source tomorrow.
        kept = ask(asked).rows.to_csv(index=False).encode()
        store.put_file(name, kept)
    return from_frame(pd.read_csv(io.BytesIO(kept), dtype=str, keep_default_na=False), f"the archive of {asked.place}")


def refuse_another_history(store: Store, dataset: DataSet, access: Access) -> None:
    """Refuse to go on from the history of another place, or of a record, with `NotReadyError`."""
    if _live(dataset, access) and store.get_file(history_file(dataset, access.place)) is None:
        raise NotReadyError(
            f"The history of {dataset.name} in {store.location} is not that of {access.place}, from where samples are "
            f"to be fetched now. Start over with it: python -m pipelines backfill {dataset.name} --replace"
        )


def history_file(dataset: DataSet, place: str) -> str:
    """Where the store keeps what a live source told of a place."""
    return f"sources/{dataset.name}-{hashlib.sha256(place.encode()).hexdigest()[:12]}.csv"


def _live(dataset: DataSet, access: Access | None) -> tuple[History, Access] | None:
    """How the live source of a data set tells its history; None where there is none, or nobody has said of where."""
    if access is None or not access.place or dataset.arrivals is None or dataset.arrivals.history is None:
        return None
    return dataset.arrivals.history, access
