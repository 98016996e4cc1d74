"""What a Space consists of: the app, the modules that it needs, a README and requirements, and a copy of the data.

A bundle is a mapping of paths to contents. It is the same for the same store and the same lock, byte by byte, so that
publishing can tell by a hash whether anything changed.
"""

import contextlib
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import MappingProxyType

import numpy as np
import pandas as pd

from pipelines.datasets import DataSet, Task, all_datasets, all_tasks, idle_modules
from pipelines.documents import Damaged
from pipelines.documents.metrics import LINKS_FILE, METRICS_FILE, parse_metrics
from pipelines.errors import NotReadyError
from pipelines.publishing.lock import FILE, Lock, read_lock
from pipelines.stores.base import Store
from pipelines.stores.catalogue import champion_version, predictions_group, read_history

Files = Mapping[str, bytes]

ROOT = Path(__file__).parents[2]
# The rooms that run on the Hub. In a Space `spaces/` lies in a folder of another name, because the Hub's own package
# for graphics cards is called `spaces`; its modules find each other by relative imports.
ROOMS = ("front", "pictures", "models", "datasets", "documents")
MODULES = ("__init__", "errors", "wording")
INTERFACE = "interface"
# What a room consists of: modules, templates, style sheets and drawings.
PROGRAM = (".py", ".j2", ".css", ".svg")
# Everything below these folders of a Space belongs to this project; whatever else is there is left alone.
OWNED = ("pipelines/", f"{INTERFACE}/", "models/", "samples/", "history/", "dashboard/")
REQUIREMENTS = (
    "gradio", "jinja2", "markupsafe", "matplotlib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "skops",
    "threadpoolctl",
)  # fmt: skip
# The Hub's own package for its graphics cards, without which it refuses a Space on ZeroGPU. Here it is never installed:
# `spaces` is a folder of this project.
HUB_PACKAGE = "spaces==0.51.3"
# ZeroGPU has this Python and no other near it; for all Spaces, so that they are one thing.
PYTHON = "3.12.12"
# Enough to find a near neighbour and to look natural; keeps the bundle of a large data set small.
MOST_ROWS = {"train": 5000, "reserve": 2000}
EXAMPLES_PER_CLASS = 5


@dataclass(frozen=True)
class Bundle:
    """A Space to be: its name without the namespace, the kind of Space, and its files."""

    name: str
    sdk: str
    files: Files


def space_bundles(store: Store, links: Mapping[str, str] = MappingProxyType({})) -> tuple[Bundle, ...]:
    """The bundles of both Spaces on the current state of the store.

    Parameters
    ----------
    links
        Addresses that this run knows, by what is there, beside those that the store's document has.
    """
    lock = read_lock(FILE.read_text(encoding="utf-8"))
    told = {LINKS_FILE: json.dumps({**_known(store), **links}, sort_keys=True).encode()}
    predict = _program("predict", lock)
    monitor = _program("monitor", lock)
    return (
        Bundle("predict", "gradio", {**predict, **_models(store), **_samples(store), **told}),
        Bundle("monitor", "gradio", {**monitor, **_history(store), **_stored(store, "dashboard/"), **told}),
    )


def site_bundle(store: Store) -> Bundle:
    """The static site as a static Space, for accounts that cannot have the others.

    Raises
    ------
    NotReadyError
        The site is not drawn yet.
    """
    pages = {name.removeprefix("site/"): content for name, content in _stored(store, "site/").items()}
    if "index.html" not in pages:
        raise NotReadyError("There is no static page to publish yet. Run: python -m pipelines dashboard")
    readme = (ROOT / "spaces" / "site" / "README.template.md").read_bytes()
    return Bundle("site", "static", {**pages, "README.md": readme})


def write_bundle(files: Files, folder: Path) -> list[str]:
    """Make `folder` hold exactly `files`, touching only what differs; returns the paths that did.

    Each file is renamed into place, so that an app that reads at the same moment never sees half of one.
    """
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    there = {name: path for name, path in there.items() if "__pycache__" not in path.parts}
    gone = [name for name in there if name not in files]
    changed = [name for name, content in files.items() if name not in there or there[name].read_bytes() != content]
    for name in gone:
        there[name].unlink()
    for name in changed:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.part")
        aside.write_bytes(files[name])
        aside.replace(target)
    return sorted([*gone, *changed])


def _program(name: str, lock: Lock) -> dict[str, bytes]:
    """The rooms of `pipelines` that run on the Hub, the interface, what starts it, and what it is installed with."""
    folder = ROOT / "spaces" / name
    readme = Template((folder / "README.template.md").read_text(encoding="utf-8"))
    versions = {"sdk_version": lock.version("gradio"), "python_version": PYTHON}
    pins = lock.closure(REQUIREMENTS)
    starter = re.sub(r"\b(from|import) spaces\.", rf"\1 {INTERFACE}.", (folder / "app.py").read_text(encoding="utf-8"))
    interface = [*(ROOT / "spaces").glob("*.py"), *folder.glob("*.py"), *folder.glob("*.js")]
    modules = [ROOT / "pipelines" / f"{module}.py" for module in MODULES]
    modules += [path for room in ROOMS for path in (ROOT / "pipelines" / room).rglob("*.*") if path.suffix in PROGRAM]
    # A Space has no settings: what is not active is not there.
    idle = {ROOT / "pipelines" / "datasets" / f"{module}.py" for module in idle_modules()}
    return {
        "app.py": starter.encode(),
        "README.md": readme.substitute(versions).encode(),
        "requirements.txt": "".join(f"{line}\n" for line in [*(pin.line for pin in pins), HUB_PACKAGE]).encode(),
        **{path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted({*modules} - idle)},
        **{
            f"{INTERFACE}/{path.relative_to(ROOT / 'spaces').as_posix()}": path.read_bytes()
            for path in sorted(interface)
            if path.name != "app.py"
        },
    }


def _known(store: Store) -> Mapping[str, str]:
    """The addresses that the store's document tells; none where it cannot be read, which the pages say themselves."""
    content = store.get_file(METRICS_FILE)
    with contextlib.suppress(Damaged):
        return parse_metrics(content).get("links", {}) if content else {}
    return {}


def _models(store: Store) -> dict[str, bytes]:
    """The champion of each task: all of its version folder but the notebook, which no app shows."""
    files: dict[str, bytes] = {}
    for task in all_tasks():
        champion = champion_version(store, task)
        if champion is not None:
            files |= {f"models/{task.name}/{name}": content for name, content in _version(store, task, champion)}
    return files


def _version(store: Store, task: Task, version: int) -> list[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        downloaded = store.download(task.name, version, Path(folder) / "model")
        return [(path.name, path.read_bytes()) for path in sorted(downloaded.iterdir()) if path.suffix != ".ipynb"]


def _samples(store: Store) -> dict[str, bytes]:
    """Real samples: those that models learnt from, some that they were judged on, and what new ones are made of."""
    files = {}
    for dataset in all_datasets():
        rows = read_history(store, dataset)
        if len(rows):
            shown = [_thinned(rows[rows["role"] == role], most) for role, most in MOST_ROWS.items()]
            files[f"samples/{dataset.name}.parquet"] = _parquet(pd.concat([*shown, _examples(dataset, rows)]))
    return files


def _examples(dataset: DataSet, rows: pd.DataFrame) -> pd.DataFrame:
    tested = rows[rows["role"] == "test"]
    chosen = [
        _thinned(tested[task.labels(tested) == label], EXAMPLES_PER_CLASS)
        for task in dataset.tasks
        for label in task.classes
    ]
    # Of numbers there are none by class.
    kept = pd.concat(chosen) if chosen else _thinned(tested, EXAMPLES_PER_CLASS)
    return kept.drop_duplicates("sample_id").sort_values("sample_id")


def _thinned(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most `most` of the rows, evenly spread over them, so that each run chooses the same."""
    if len(rows) <= most:
        return rows
    return rows.iloc[np.linspace(0, len(rows) - 1, most).astype(int)]


def _history(store: Store) -> dict[str, bytes]:
    histories = {task: store.read(predictions_group(task)) for task in all_tasks()}
    return {f"history/{task.name}.parquet": _parquet(rows) for task, rows in histories.items() if len(rows)}


def _stored(store: Store, prefix: str) -> dict[str, bytes]:
    contents = {name: store.get_file(name) for name in store.list_files(prefix)}
    return {name: content for name, content in contents.items() if content is not None}


def _parquet(rows: pd.DataFrame) -> bytes:
    content: bytes = rows.reset_index(drop=True).to_parquet(index=False)
    return content
