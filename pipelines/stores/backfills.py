"""What the store knows of the newest backfill of a data set: whether it has ended, and the checksum of what it left."""

import hashlib
import logging
from dataclasses import dataclass

from pipelines.datasets import DataSet
from pipelines.documents import Damaged
from pipelines.documents.backfill import BackfillInfo, backfill_text, parse_backfill
from pipelines.errors import NotReadyError
from pipelines.stores.base import Store
from pipelines.stores.catalogue import read_history
from pipelines.stores.copying import rows_checksum

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Backfill:
    """A backfill from a source; `replace` is whether it started over, `history` the checksum of its rows at its end."""

    name: str
    sha256: str
    replace: bool
    history: str | None = None

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        return self.history is not None

    def __str__(self) -> str:
        return f"{self.name} (SHA-256 {self.sha256[:12]}){' with --replace' if self.replace else ''}"


def read_backfill(store: Store, dataset: DataSet) -> Backfill | None:
    """The newest backfill; None where none is recorded, or so that it cannot be read: the next one records anew."""
    content = store.get_file(_file(dataset))
    try:
        told = None if content is None else parse_backfill(content)
    except Damaged as error:
        log.warning(
            "%s in %s is damaged (%s); the next backfill writes it anew: python -m pipelines backfill %s",
            _file(dataset), store.location, error, dataset.name,
        )  # fmt: skip
        return None
    return told and Backfill(told["name"], told["sha256"], told["replace"], told["history"])


def record_backfill(store: Store, dataset: DataSet, backfill: Backfill) -> None:
    """Write down that a backfill has begun or, with a checksum, that it has ended."""
    info: BackfillInfo = {
        "name": backfill.name,
        "sha256": backfill.sha256,
        "replace": backfill.replace,
        "history": backfill.history,
    }
    store.put_file(_file(dataset), backfill_text(info))


def history_checksum(store: Store, dataset: DataSet) -> str:
    """The checksum of the historical rows, to the last bit; columns that a data set gains later do not count."""
    rows = read_history(store, dataset)
    names = ["sample_id", "role", *(feature.name for feature in dataset.features), *(x.name for x in dataset.labels)]
    return hashlib.sha256("".join(rows_checksum(rows[[name]]) for name in names).encode()).hexdigest()


def refuse_half_replaced(store: Store, dataset: DataSet) -> None:
    """Refuse to go on from a data set that was being replaced when the run ended, with `NotReadyError`."""
    begun = read_backfill(store, dataset)
    if begun and begun.replace and not begun.finished:
        raise NotReadyError(
            f"A backfill of {dataset.name} from {begun} was stopped before its end, so the old rows are partly removed "
            f"and the new ones partly there. Finish it: python -m pipelines backfill {dataset.name}, with that source."
        )


def _file(dataset: DataSet) -> str:
    return f"backfills/{dataset.name}.json"
