"""The Modal app, read by the real package: its schedule, and the verbs that it runs.

The package is not in the lock, because nothing else needs it; it gets an environment of its own from the hashes of
schedulers/requirements.txt, kept in pytest's cache until these change.
"""

import contextlib
import hashlib
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from benchmarks.environments import made_environment
from pipelines.cli.main import main

ROOT = Path(__file__).parents[2]
APP = ROOT / "schedulers" / "modal_app.py"
REQUIREMENTS = ROOT / "schedulers" / "requirements.txt"
PROBE = Path(__file__).with_name("modal_probe.py")


@pytest.fixture(scope="module")
def modal_python(pytestconfig):
    folder = pytestconfig.cache.mkdir("modal")
    environment = folder / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    with FileLock(folder / "lock"):
        if not (environment / "complete").exists():
            shutil.rmtree(environment, ignore_errors=True)
            made_environment(environment, "--require-hashes", "--requirement", str(REQUIREMENTS))
            (environment / "complete").touch()
    return environment / "bin" / "python"


@pytest.fixture(scope="module")
def app(modal_python):
    return probe(modal_python, APP)


def probe(python, path):
    done = subprocess.run([str(python), str(PROBE), str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_app_runs_at_the_times_of_the_workflows(app):
    assert app["app"] == "serverless-ml"
    assert set(app["crons"]) == {"features", "inference"}
    for name, cron in app["crons"].items():
        workflow = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
        # YAML 1.1 reads the word `on` as true.
        assert workflow[True]["schedule"] == [{"cron": cron}]


def test_every_verb_and_option_exists(app):
    verbs = {name: [command[3] for command in ran["commands"]] for name, ran in app["ran"].items()}
    assert verbs == {
        "features": ["backfill", "features"],
        "inference": ["infer", "dashboard", "publish"],
        "train": ["train"],
    }
    for ran in app["ran"].values():
        for command in ran["commands"]:
            assert command[:3] == ["python", "-m", "pipelines"]
            page = io.StringIO()
            with contextlib.redirect_stdout(page):
                assert main([command[3], "--help"]) == 0
            assert all(option.split("=")[0] in page.getvalue() for option in command[4:])


def test_every_function_has_the_store_to_itself_and_commits_it_after_each_verb(app):
    assert set(map(tuple, app["volumes"].values())) == {("/store",)}
    assert set(app["containers"].values()) == {1}
    assert all(ran["commits"] == len(ran["commands"]) for ran in app["ran"].values())


def test_the_app_can_be_read_where_it_stands_alone_as_in_a_container(modal_python, tmp_path):
    assert probe(modal_python, shutil.copy(APP, tmp_path / "modal_app.py"))["app"] == "serverless-ml"


def test_what_the_image_takes_from_the_repository_is_there():
    source = APP.read_text()
    [folders] = [line for line in source.splitlines() if line.startswith("FOLDERS")]
    for folder in folders.split('"')[1::2]:
        assert (ROOT / folder).is_dir(), folder
