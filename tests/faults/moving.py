"""What is done to a store while the power is cut: all that another store holds is copied into it."""

from collections.abc import Callable
from pathlib import Path

from pipelines.stores.copying import copy_store
from pipelines.stores.embedded import EmbeddedStore
from tests.faults import verbs

COMMITS_BETWEEN = verbs.COMMITS_BETWEEN
DONE_AGAIN = 1
LIVED_IN = ("backfill", "features", "train", "infer", "dashboard")

_MADE: dict[str, EmbeddedStore] = {}


def prepare(folder: Path) -> None:
    """Make the store that is copied, once, with what a day leaves in it."""
    verbs.prepare(folder)
    _MADE["source"] = EmbeddedStore(folder / "lived-in")
    if not _MADE["source"].root.exists():
        for piece in LIVED_IN:
            verbs.PIECES[piece](_MADE["source"].root)


def _copy(root: Path) -> None:
    copy_store(_MADE["source"], EmbeddedStore(root), [verbs.IRIS])


PIECES: dict[str, Callable[[Path], object]] = {"copy": _copy}
contents = verbs.contents
