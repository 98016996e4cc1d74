"""The story of `days.py`, told once for all test processes."""

import pytest
from filelock import FileLock
from workflows import days as story

from tests.hopsworks.emulator.fixtures import emulator  # noqa: F401 - a fixture by name


@pytest.fixture(scope="session")
def days_folder(tmp_path_factory, worker_id):
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    with FileLock(shared / "days.lock"):
        if not (shared / "days" / "days.pickle").exists():
            story.tell(shared / "days")
    return shared / "days"


@pytest.fixture(scope="session")
def days(days_folder):
    return story.read_days(days_folder)


@pytest.fixture(scope="session")
def store(days_folder, tmp_path_factory):
    """The store as the last run of the story left it."""
    repository = story.repository_of(days_folder)
    return story.store_of(repository, tmp_path_factory.mktemp("store") / "store")


@pytest.fixture
def repository(days_folder, tmp_path):
    """A copy of the repository after the story, to change."""
    return story.copy(days_folder, tmp_path / "copy")
