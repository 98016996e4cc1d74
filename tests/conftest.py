"""Fixtures that several areas share: one simulated stretch of operation, made once for all test processes."""

import importlib.util
import os
import shutil
import signal
from pathlib import Path

import pytest
from browser import chromium
from filelock import FileLock
from playwright.sync_api import sync_playwright
from short_demo import run_short_demo

from pipelines.stores.embedded import EmbeddedStore


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """No test sees the settings of the person who runs it, or writes to that person's store."""
    for name in os.environ:
        if name.startswith(("STORE", "HOPS", "HF_", "RUN_URL", "GITHUB_", "DATASETS", "SOURCE_", "WEATHER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STORE_DIR", str(tmp_path / "store"))


@pytest.fixture
def interruptible():
    """What this test starts can be interrupted, also where a script started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def demo_dir(tmp_path_factory, worker_id) -> Path:
    """The folder of a store after a short demo. Read it; to write, take `demo_copy`."""
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    folder = shared / "demo-store"
    with FileLock(shared / "demo-store.lock"):
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
