"""The tutorial is followed to the letter in a copy of the project, and the copy without Iris and Wine still works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "your-own-data.md"


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """A copy of the project with the environment of the tests."""
    folder = tmp_path_factory.mktemp("fork")
    listed = shell(ROOT, "git ls-files -z --cached --others --exclude-standard").stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


def shell(folder, commands):
    environment = {name: value for name, value in os.environ.items() if name not in {"DATASETS", "STORE_DIR"}}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def followed(fork):
    """The fork after all commands of the tutorial."""
    commands = "".join(re.findall(r"```sh\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL))
    done = shell(fork, commands)
    assert done.returncode == 0, done.stderr[-2000:]
    return fork, done.stdout


def test_the_commands_lead_from_a_file_to_a_page(followed):
    folder, said = followed
    page = folder / "store" / "site" / "index.html"
    assert f"The page: {page.as_uri()}" in said
    assert "Cultivars: target" in page.read_text(encoding="utf-8")
    staged = shell(folder, "git diff --cached --name-only").stdout.split()
    assert {"pipelines/datasets/cultivars.py", "data/cultivars.csv", "data/cultivars.md"} <= set(staged)
    assert '- "cultivars"' in (folder / ".github" / "workflows" / "features.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def alone(followed):
    """The fork with nothing but its own data set."""
    folder, _ = followed
    for name in ("iris", "wine", "weather"):
        (folder / "pipelines" / "datasets" / f"{name}.py").unlink(missing_ok=True)
        (folder / "data" / f"{name}.csv").unlink(missing_ok=True)
    written = shell(folder, ".venv/bin/python -m pipelines workflows --write")
    assert written.returncode == 0, written.stderr[-2000:]
    return folder


def test_one_data_set_of_ones_own_is_enough_for_the_demo(alone):
    done = shell(alone, ".venv/bin/python -m pipelines demo --days 2 && .venv/bin/python -m pipelines status")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "cultivars_target" in done.stdout
    assert "iris" not in done.stdout
    assert "weather" not in done.stdout


def test_the_tests_that_are_left_can_be_collected_and_those_that_ask_what_there_is_pass(alone):
    # All are collected. The others know of no data set but those that they make up, and would take minutes to pass.
    own = "test_data_sets and not diabetes and not homes"
    asking = f"{own} or test_damaged_metrics or test_kept_documents or test_values"
    done = shell(alone, f".venv/bin/python -m pytest -v -n0 -k '{asking}'")
    assert done.returncode == 0, done.stdout[-2000:]
    passed = "contract/test_data_sets.py::test_new_samples_come_daily_and_are_predicted[cultivars] PASSED"
    assert passed in done.stdout
