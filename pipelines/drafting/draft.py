"""A data set of one's own from a file: guess, write the module, try it on the file, and only then put all in place."""

import hashlib
import importlib.util
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.datasets import DataSet, found_datasets
from pipelines.datasets.contract import validate
from pipelines.datasets.identity import distinguishable
from pipelines.datasets.names import name_fault
from pipelines.datasets.parquet import MAGIC
from pipelines.datasets.roles import ROLE_WEIGHTS, assign_roles
from pipelines.datasets.sources import blanks_as_none, read_as_written
from pipelines.drafting.columns import LeftOut
from pipelines.drafting.doubts import doubts_of
from pipelines.drafting.module import module_text, provenance_text
from pipelines.drafting.plan import FEW_ROWS, Plan, Wishes, plan
from pipelines.errors import SourceError, UsageError
from pipelines.wording import counted

ROOT = Path(__file__).parents[2]
MODULES, DATA = Path("pipelines") / "datasets", Path("data")
# GitHub refuses larger files.
MOST_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True)
class Draft:
    """What was written.

    Attributes
    ----------
    files
        The paths of what was written, the module first.
    left_out
        The columns that no task uses.
    doubts
        Sentences on what was guessed and may be wrong.
    """

    dataset: DataSet
    files: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]
    doubts: tuple[str, ...]


def draft(name: str, file: Path, wishes: Wishes, root: Path = ROOT) -> Draft:
    """Write `pipelines/datasets/<name>.py`, a copy of the file in `data/`, and a page about it to fill in.

    Raises
    ------
    UsageError
        The name is taken or none, or the columns are not what the person says; nothing was written.
    SourceError
        The file cannot be read.
    """
    _refuse_name(name, root)
    written = read_as_written(file)
    drawn = plan(name, file, blanks_as_none(written), wishes)
    content = file.read_bytes()
    data_file = f"{name}.{'parquet' if content.startswith(MAGIC) else 'csv'}"
    _refuse_data(root / DATA / data_file, content)
    texts = {
        MODULES / f"{name}.py": module_text(drawn, data_file).encode(),
        DATA / f"{name}.md": provenance_text(drawn, data_file, hashlib.sha256(content).hexdigest()).encode(),
        DATA / data_file: content,
    }
    dataset, doubts = _tried(drawn, texts[MODULES / f"{name}.py"])
    _write({root / path: text for path, text in texts.items()})
    return Draft(dataset, tuple(texts), drawn.left_out, (*doubts, *doubts_of(drawn, written)))


def _refuse_name(name: str, root: Path) -> None:
    fault = name_fault(name)
    if fault:
        raise UsageError(f"The data set cannot have this name: {fault.partition(' and keep')[0]}.")
    taken = {each for dataset in found_datasets() for each in (dataset.name, *(task.name for task in dataset.tasks))}
    if name in taken:
        raise UsageError(f"There is a data set or a task {name} already; take another name.")
    if any((root / MODULES).glob(f"{name}")) or (root / MODULES / f"{name}.py").exists():
        raise UsageError(f"There is a module {MODULES / name}.py already; take another name.")


def _refuse_data(target: Path, content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise UsageError(
            f"The file has {len(content):,} bytes, and GitHub takes {MOST_BYTES:,}; give a part of its rows."
        )
    if target.exists() and target.read_bytes() != content:
        raise UsageError(f"There is another file {DATA / target.name} already; move it away or take another name.")


def _tried(drawn: Plan, module: bytes) -> tuple[DataSet, list[str]]:
    """The data set that the module declares, and what is to say of its own file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{drawn.name}.py"
        path.write_bytes(module)
        spec = importlib.util.spec_from_file_location(f"pipelines.datasets.{drawn.name}", path)
        if spec is None or spec.loader is None:
            raise SourceError(f"{path} cannot be read as a module.")
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
    dataset: DataSet = loaded.DATASET
    checked = validate(dataset, dataset.load([drawn.file]).rows)
    _refuse_too_alike(drawn, dataset, checked.accepted)
    broken = (
        f"Quarantined: {counted(len(checked.rejected), 'row')} of the file, where {next(iter(checked.faults), '')}."
    )
    return dataset, [broken] if len(checked.rejected) else []


def _refuse_too_alike(drawn: Plan, dataset: DataSet, rows: pd.DataFrame) -> None:
    """Refuse so few rows, or rows so much alike, that a role would have none; of many each has some."""
    if drawn.rows >= FEW_ROWS:
        return
    roles = assign_roles(dataset, rows, distinguishable=distinguishable(dataset, rows))
    if set(roles) != set(ROLE_WEIGHTS):
        raise UsageError(
            f"{drawn.file.name} has {len(rows)} rows that can be used, too few that differ to train, to test and to "
            "keep a reserve for new samples; it takes more."
        )


def _write(files: Mapping[Path, bytes]) -> None:
    """All of the files or none, the first one last: it is the one that makes the others count."""
    asides = {path: path.with_name(f".{path.name}.new") for path in files}
    before = {path for path in files if path.exists()}
    try:
        for path, content in files.items():
            path.parent.mkdir(exist_ok=True)
            asides[path].write_bytes(content)
        for path in reversed(list(files)):
            asides[path].replace(path)
    except OSError:
        for path in {*asides.values(), *(files.keys() - before)}:
            path.unlink(missing_ok=True)
        raise
