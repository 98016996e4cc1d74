"""What is done to a store while the power is cut: every kind of write, each one safe to do again."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from pipelines.errors import VersionTaken
from pipelines.stores.base import ChampionEntry
from pipelines.stores.copying import folder_checksum, rows_checksum
from pipelines.stores.embedded import EmbeddedStore, delta_upkeep
from tests.small_groups import COMPLAINTS, READINGS, VIEW, day, model_folder, readings

WHEN = datetime(2026, 1, 1, tzinfo=UTC)

# Each commit counts here, so that a short history has several times of upkeep.
COMMITS_BETWEEN = 3

# How many pieces are done after a harm, beginning with the one that was harmed; None: all that follow.
DONE_AGAIN = None


def _add(number: int) -> Callable[[EmbeddedStore], object]:
    rows = readings(*((sensor, number, day(number)) for sensor in "ab"), value=float(number))
    return lambda store: store.upsert(READINGS, rows)


def _complain(number: int) -> Callable[[EmbeddedStore], object]:
    rows = pd.DataFrame({"complaint_id": [f"c{number}"], "text": ["odd"], "seen_at": [pd.Timestamp(WHEN)]})
    return lambda store: store.upsert(COMPLAINTS, rows)


def _put(name: str, content: bytes) -> Callable[[EmbeddedStore], object]:
    return lambda store: store.put_file(name, content)


def _register(version: int) -> Callable[[EmbeddedStore], object]:
    def register(store: EmbeddedStore) -> None:
        with TemporaryDirectory() as folder:
            try:
                store.register(VIEW, version, model_folder(Path(folder) / "candidate", version=version))
            except VersionTaken:
                return

    return register


def _promote(version: int, expected: int | None) -> Callable[[EmbeddedStore], object]:
    def promote(store: EmbeddedStore) -> None:
        champion = store.champion("a_task")
        if champion is None or champion.version != version:
            store.move_champion(ChampionEntry("a_task", version, WHEN, "someone", "better"), expected)

    return promote


_WORK: dict[str, Callable[[EmbeddedStore], object]] = {
    "source": _put("sources/a.json", b'{"sha256": "1"}\n'),
    "new table": _add(0),
    "append": _add(1),
    "update": lambda store: store.upsert(READINGS, readings(("a", 0, day(0)), value=9.0)),
    "complaint": _complain(0),
    "register": _register(1),
    "first champion": _promote(1, None),
    "picture": _put("dashboard/a_task/recent.png", b"\x89PNG" * 99),
    "upkeep": _add(2),
    "second complaint": _complain(1),
    "next version": _register(2),
    "next champion": _promote(2, 1),
    "new picture": _put("dashboard/a_task/recent.png", b"\x89PNG" * 98),
    "clear": lambda store: store.clear(READINGS),
    "fill again": lambda store: store.upsert(READINGS, readings(("n", 1, day(4)), ("n", 2, day(5)))),
    "more upkeep": lambda store: [_add(number)(store) for number in (6, 7)],
}


# Each piece as a run of its own.
PIECES: dict[str, Callable[[Path], object]] = {
    name: lambda root, do=do: do(EmbeddedStore(root)) for name, do in _WORK.items()
}


def prepare(_: Path) -> None:
    """Let a short history have several times of upkeep."""
    delta_upkeep._COMMITS_BETWEEN = COMMITS_BETWEEN


def contents(root: Path) -> dict[str, object]:
    """Everything that the store answers."""
    store = EmbeddedStore(root)
    models = {}
    for version in store.versions("a_task"):
        with TemporaryDirectory() as folder:
            models[version] = folder_checksum(store.download("a_task", version, Path(folder) / "model"))
    return {
        **{group.name: (rows_checksum(store.read(group)), store.count(group)) for group in (READINGS, COMPLAINTS)},
        "files": {name: hashlib.sha256(store.get_file(name) or b"").hexdigest() for name in store.list_files("")},
        "models": models,
        "champions": store.champion_log("a_task"),
    }
