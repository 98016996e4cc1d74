"""The story of `days.py`, told once for all test processes."""

import pytest
from filelock import FileLock
from workflows import days as story

from tests.hopsworks.emulator.fixtures import emulator  # noqa: F401 - a fixture by name


@pytest.fixture(scope="session")
def days_folder(shared_dir):
    with FileLock(shared_dir / "days.lock"):
        if not (shared_dir / "days" / "days.pickle").exists():
            story.tell(shared_dir / "days")
    return shared_dir / "days"


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
