"""Commits of a Delta Lake table that survive a power cut, and what becomes of one that did not.

delta-rs syncs nothing of what it writes, so a commit can be seen before it is on the disk. Whoever writes calls
`make_durable` after each commit, and `settle` before the first, because the writer before may have been killed in
between. So a power cut can damage nothing but the newest commit or checkpoint: their files vanish or come back
empty, half or as zeros. What is damaged is set aside by itself, if the table is whole without it; the run that wrote
it is due again then.
"""

import errno
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from pipelines.stores.embedded.folder import error_number, move, names_in, sync

LOG = "_delta_log"
# Delta Lake passes over folders whose name begins so.
SET_ASIDE = "_set_aside"

_COMMIT = re.compile(r"\d{20}\.json")
_CHECKPOINT = re.compile(r"\d{20}\.checkpoint\.parquet")
_HINT = "_last_checkpoint"

# What delta-rs counts in one line of a log entry, by the kind of the other lines.
_COUNTS = {
    "add": {"num_added_files", "num_target_files_added"},
    "remove": {"num_removed_files", "num_target_files_removed"},
}

Action = dict[str, Any]


def newest_commit(folder: Path) -> Path | None:
    """The log entry of the newest commit of the table in `folder`; None where there is no table."""
    return _newest(folder, _COMMIT)


def make_durable(folder: Path) -> None:
    """Sync the newest commit: its data files and their names, then the log entry and its name."""
    commit = newest_commit(folder)
    if commit:
        for path in (*(path for path, _ in _added(folder, commit)), folder, commit, commit.parent):
            sync(path)


def make_checkpoint_durable(folder: Path) -> None:
    """Sync the newest checkpoint, before the log entries that it stands for are removed."""
    log = folder / LOG
    for path in (_newest(folder, _CHECKPOINT), log / _HINT, log):
        if path and path.exists():
            sync(path)


def damage(folder: Path) -> Path | None:
    """The newest commit or checkpoint, or the hint at it, if it or a data file that it names is not there whole."""
    commit, checkpoint, hint = newest_commit(folder), _newest(folder, _CHECKPOINT), folder / LOG / _HINT
    if commit and not _is_whole_commit(folder, commit):
        return commit
    if checkpoint and not _is_whole_data(checkpoint):
        return checkpoint
    return hint if hint.exists() and not _leads_somewhere(hint) else None


def settle(folder: Path) -> list[Path]:
    """Set a damaged newest commit or checkpoint aside and sync what is newest then; return where to it was moved.

    The caller holds the table's lock. What the table would not be whole without stays, and `damage` names it.
    """
    moved = [*_set_checkpoint_aside(folder), *_set_commit_aside(folder)] if damage(folder) else []
    if damage(folder) is None:
        make_durable(folder)
        make_checkpoint_durable(folder)
    return moved


def _set_commit_aside(folder: Path) -> Iterator[Path]:
    commit = newest_commit(folder)
    if commit and not _is_whole_commit(folder, commit) and _stands_before(folder, int(commit.stem)):
        yield _set_aside(folder, commit)


def _set_checkpoint_aside(folder: Path) -> Iterator[Path]:
    """A checkpoint repeats what the log says, and the hint only where the checkpoint is."""
    checkpoint, hint = _newest(folder, _CHECKPOINT), folder / LOG / _HINT
    damaged = checkpoint if checkpoint and not _is_whole_data(checkpoint) else None
    if hint.exists() and (damaged or not _leads_somewhere(hint)):
        yield _set_aside(folder, hint)
    if damaged:
        moved = _set_aside(folder, damaged)
        commit = newest_commit(folder)
        if commit and any(_opens(folder, int(commit.stem) - back) for back in (0, 1) if int(commit.stem) >= back):
            yield moved
        else:
            move(moved, damaged)


def _is_whole_commit(folder: Path, commit: Path) -> bool:
    try:
        return all(_is_whole_data(path) and path.stat().st_size == size for path, size in _added(folder, commit))
    except ValueError:
        return False


def _added(folder: Path, commit: Path) -> list[tuple[Path, int]]:
    """The data files that a commit adds, with their sizes; `ValueError` where the log entry is not whole."""
    actions: list[Action] = [json.loads(line) for line in commit.read_text(encoding="utf-8").split("\n")]
    _check_lines(actions)
    added = [action["add"] for action in actions if "add" in action]
    return [(folder / unquote(add["path"]), add["size"]) for add in added]


def _check_lines(actions: list[Action]) -> None:
    """Compare the lines of a log entry with what one of them says of the others: half an entry may end with a line."""
    kinds = [kind for action in actions for kind in action]
    about: Action = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    counted = about.get("operationMetrics", {})
    # Where a merge gives a table a new column, delta-rs counts the description among the files that it adds; where it
    # overwrites a window, it does not count the files of rows outside that it writes again.
    described = len({"protocol", "metaData"} & set(kinds))
    for kind, names in _COUNTS.items():
        for name in names & counted.keys():
            if int(counted[name]) - kinds.count(kind) > described:
                raise ValueError(f"{kinds.count(kind)} files of {counted[name]} to {kind}")
    if str(about.get("operation")).startswith("CREATE") and not {"protocol", "metaData"} <= set(kinds):
        raise ValueError("no description of the table")


def _is_whole_data(path: Path) -> bool:
    try:
        # Piece by piece, so that it takes no more memory where the commit is the whole of a large history.
        file = pq.ParquetFile(path, pre_buffer=False)
        for number, name in product(range(file.num_row_groups), file.schema_arrow.names):
            file.read_row_group(number, [name], use_threads=False)
    except pa.ArrowException:
        return False
    except OSError as error:
        # Arrow raises it for nonsense in a file, too, but without a number then.
        if error_number(error) not in {None, errno.ENOENT}:
            raise
        return False
    return True


def _stands_before(folder: Path, version: int) -> bool:
    """Whether the table was whole before this version, all its data files in place; before the first it was none."""
    return version == 0 or _opens(folder, version - 1)


def _opens(folder: Path, version: int) -> bool:
    try:
        files = pa.record_batch(DeltaTable(folder, version=version).get_add_actions()).to_pylist()
        return all((folder / unquote(file["path"])).stat().st_size == file["size_bytes"] for file in files)
    except (DeltaError, OSError):
        return False


def _newest(folder: Path, kind: re.Pattern[str]) -> Path | None:
    name = max(filter(kind.fullmatch, names_in(folder / LOG)), default=None)
    return folder / LOG / name if name else None


def _leads_somewhere(hint: Path) -> bool:
    """Whether the checkpoint that readers are sent to is there; a hint that cannot be read sends them nowhere."""
    try:
        version = int(json.loads(hint.read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return True
    return hint.with_name(f"{version:020d}.checkpoint.parquet").exists()


def _set_aside(folder: Path, path: Path) -> Path:
    aside = folder / SET_ASIDE
    return move(path, aside / f"{path.name}.{len(names_in(aside)) + 1}")
