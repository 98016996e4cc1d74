"""Fixtures that several areas share: one simulated stretch of operation, made once for all test processes.

What is dear here, and what to take in its place, so that all tests together end in minutes:

* A store with models: `demo_store` and `demo_dir` to read, `demo_copy` to change (a copy takes a tenth of a second).
  Rows of weeks without a model: `histories`. A small model in a store: `small_models`. No demo and no training of its
  own for a test that is not about them; one that is takes `trainings.trained(task, 800)`, which is kept.
* A process of our command line imports for two seconds: call `main([...])` and read `capsys`, and start one process
  only where the test is about the process. Several verbs fit into one process.
* An app: `apps` in spaces/, started once. A browser: `browser`, opened once. Hopsworks: `emulator`, wiped in a moment.
  A workflow under act takes five to twenty seconds: read the runs of `days` in workflows/.
* Time: no test sleeps or waits for a deadline. Tell the code a made clock, or fewer attempts.
"""

import importlib.util
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest
from browser import chromium
from filelock import FileLock
from hypothesis import HealthCheck, settings
from playwright.sync_api import sync_playwright
from short_demo import run_short_demo

from pipelines.datasets import activate, found_datasets
from pipelines.stores.embedded import EmbeddedStore

# The tests start hundreds of processes: what one has compiled no other compiles again, even where the environment says
# that nothing is to be kept. Compiling all that a verb imports takes twice as long as the verb.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A slow machine is no fault, nor a folder that examples share; what is tried is the same in every run.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("steady")

# What the project's own tests are about, whatever else there is; those in `contract` are about all that there is.
PINNED = ("iris", "wine")
THERE = {dataset.name for dataset in found_datasets()}
WITHOUT = {*PINNED} - THERE
if not WITHOUT:
    # Now, because tests are collected, and stores for many of them made, before any fixture of a test.
    os.environ["DATASETS"] = ",".join(PINNED)
    activate(PINNED)
# How a test module tells that it is about these: by their names, or by what is made of them.
ABOUT_THEM = re.compile(
    r"\b(iris|wine)|\b(demo_(dir|store|copy)|predictors|all_(datasets|tasks))\b"
    r"|^from (documents|front|histories|small_models|trainings|workflows|\S*hopsworks|\S*faults)\b|^import histories",
    re.MULTILINE,
)
# How the names of settings begin.
SETTINGS = ("STORE", "HOPS", "HF_", "RUN_URL", "GITHUB_", "SOURCE_", "WEATHER_", "ENGINE", "SPARK_MASTER")
ABOUT_THE_WEATHER = re.compile(r"\bweather\b")


def pytest_collection_modifyitems(items):
    """Put what stands on the story of the workflows first, and what stands on the demo where the second process begins.

    So each of the first two processes makes one of the two, and neither waits for the other. The tests that share a
    Spark cluster follow the story: a process that has nothing left to do takes from the end of another's.
    """
    story, demo, cluster = (
        {item.path for item in items if name in item.fixturenames} for name in ("days_folder", "demo_dir", "cluster")
    )
    first = [item for item in items if item.path in story] + [item for item in items if item.path in cluster]
    middle = [item for item in items if item.path in demo - story]
    others = [item for item in items if item.path not in demo | story | cluster]
    share = len(items) // max(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "2")), 2)
    before = max(share - len(first), 0)
    items[:] = [*first, *others[:before], *middle, *others[before:]]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Where a data set that comes along was removed, so are the tests that are about it."""
    gone = [*[ABOUT_THEM] * bool(WITHOUT), *[ABOUT_THE_WEATHER] * ("weather" not in THERE)]
    if not gone or not collection_path.name.startswith("test_") or collection_path.parent.name == "contract":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return any(about.search(text) for about in gone) or None


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """No test sees the settings of the person who runs it, or writes to that person's store."""
    for name in os.environ:
        if name.startswith(SETTINGS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STORE_DIR", str(tmp_path / "store"))
    activate(() if WITHOUT else PINNED)


@pytest.fixture
def interruptible():
    """What this test starts can be interrupted, also where a script started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def shared_dir(tmp_path_factory, worker_id) -> Path:
    """Where the test processes of a run leave for each other what is dear to make."""
    folder = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    os.environ["SHARED_BY_TESTS"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def demo_dir(shared_dir) -> Path:
    """The folder of a store after a short demo. Read it; to write, take `demo_copy`."""
    folder = shared_dir / "demo-store"
    with FileLock(shared_dir / "demo-store.lock"):
        if not (folder / "site" / "index.html").exists():
            assert run_short_demo(folder) == 0
    return folder


@pytest.fixture(scope="session")
def demo_store(demo_dir) -> EmbeddedStore:
    """The store after a short demo, to read only."""
    return EmbeddedStore(demo_dir)


@pytest.fixture
def demo_copy(demo_dir, tmp_path, monkeypatch) -> EmbeddedStore:
    """A copy of the store after a short demo, for this test to change; `STORE_DIR` points to it."""
    folder = shutil.copytree(demo_dir, tmp_path / "demo-copy")
    monkeypatch.setenv("STORE_DIR", str(folder))
    return EmbeddedStore(folder)


@pytest.fixture(scope="session")
def browser():
    """One browser for all tests of pages: playwright allows one a process."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium())
        yield running
        running.close()


@pytest.fixture(scope="session")
def screenshots():
    """The script that takes the pictures of the README."""
    script = Path(__file__).parents[1] / "docs" / "screenshots.py"
    found = importlib.util.spec_from_file_location("screenshots", script)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
