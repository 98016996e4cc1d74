"""A third data set is one module: it goes through the whole system with no other file touched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.datasets import all_datasets
from pipelines.stores.catalogue import samples_group
from pipelines.stores.embedded import EmbeddedStore

ROOT = Path(__file__).parents[2]

MODULE = '''
"""Shells: made-up mussels with a size, a site and a sex."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
from matplotlib.patches import Circle

from pipelines.datasets.outcomes import Classes
from pipelines.datasets.sources import from_frame
from pipelines.datasets.spec import DataSet, Feature, Label, Provenance, Simulator, Task

SITES, SEXES = ("reef", "bay"), ("female", "male")


def load(paths):
    rng = np.random.default_rng(3)
    sex = rng.choice(SEXES, 240)
    width = rng.normal(np.where(sex == "male", 4.0, 5.5), 0.6).round(2)
    rows = pd.DataFrame({
        "width": width, "weight": (width * 2 + rng.normal(0, 0.4, 240)).round(2),
        "site": rng.choice(SITES, 240, p=[0.7, 0.3]), "sex": sex,
    })
    rows.loc[rng.choice(240, 9, replace=False), "weight"] = None
    return from_frame(rows, "made-up shells")


def draw(axes, sample, task, label):
    axes.set_xlim(-8, 8)
    axes.set_ylim(-8, 8)
    axes.axis("off")
    axes.add_patch(Circle((0, 0), sample["width"], facecolor="#d9a441" if label == "male" else "#7fa3c7"))


DATASET = DataSet(
    name="shells", title="Shells", description="Made-up mussels.",
    provenance=Provenance(citation="Made up.", url="https://example.org/shells", licence="CC0"),
    features=(
        Feature(name="width", title="Width", description="Across.", unit="cm", low=0, high=20),
        Feature(name="weight", title="Weight", description="On a scale.", unit="g", low=0, high=60),
        Feature(name="site", title="Site", description="Where found.", kind="categorical", values=SITES),
    ),
    labels=(Label(name="sex", title="Sex", description="Of the mussel.", values=SEXES),),
    tasks=(
        Task(name="shell_sex", title="Sex of a shell", description="Female or male.", label="sex",
             outcome=Classes(names=SEXES, guarded=SEXES), inputs=("width", "weight", "site")),
    ),
    strata=("sex",), historical_time=datetime(2001, 1, 1, tzinfo=UTC),
    simulator=Simulator(kind="rank_bootstrap", strata=("sex", "site")), load=load, draw=draw,
)
'''


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The project as a person has it who added one module."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("pipelines", "notebooks", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pipelines" / "datasets" / "shells.py").write_text(MODULE)
    return folder


# One process for several verbs, because each process imports everything anew.
PROGRAM = "import sys; from pipelines.cli.main import main; sys.exit(max(main(verb.split()) for verb in sys.argv[1:]))"


def run(clone, *verbs):
    environment = os.environ | {"STORE_DIR": str(clone / "store"), "DATASETS": ""}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *verbs],
        cwd=clone, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_module_takes_a_data_set_through_the_whole_system(clone):
    run(
        clone,
        "backfill shells",
        "features shells --per-day 5 --date 2026-03-01",
        "train shell_sex --search quick",
        "infer shell_sex --date 2026-03-01",
        "dashboard shells",
    )
    assert "shell_sex" in run(clone, "status")
    store = EmbeddedStore(clone / "store")
    for picture in ("newest", "recent", "confusion", "quality", "drift"):
        assert store.get_file(f"dashboard/shell_sex/{picture}.png").startswith(b"\x89PNG")
    assert b"Sex of a shell" in store.get_file("site/index.html")


def test_no_other_module_names_a_data_set():
    names = {dataset.name for dataset in all_datasets()} | {task.name for d in all_datasets() for task in d.tasks}
    named = {
        (path.name, name)
        for path in (ROOT / "pipelines").rglob("*.py")
        if path.parent.name != "datasets"
        for name in names
        if f'"{name}"' in path.read_text()
    }
    assert not named
    assert samples_group(all_datasets()[0]).name in names
