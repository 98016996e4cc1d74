"""What tools can say about the workflows without GitHub: all of them are silent."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from workflows.scripts import ROOT

TOOLS = Path(sys.prefix) / "bin"
GITHUB = ROOT / ".github"
WORKFLOWS = sorted(map(str, (GITHUB / "workflows").glob("*.yml")))
ACTIONS = sorted(map(str, (GITHUB / "actions").glob("*/action.yml")))

COMMANDS = {
    "actionlint": ["actionlint"],  # runs shellcheck over every script in a workflow
    "zizmor": ["zizmor", "--offline", "--persona=pedantic", "--strict-collection", "--no-progress", ".github"],
    "workflow schema": ["check-jsonschema", "--builtin-schema=vendor.github-workflows", *WORKFLOWS],
    "action schema": ["check-jsonschema", "--builtin-schema=vendor.github-actions", *ACTIONS],
    "Dependabot schema": ["check-jsonschema", "--builtin-schema=vendor.dependabot", ".github/dependabot.yml"],
}


def lint(command, folder=ROOT, text=""):
    """Run a tool of this environment, with the others on its path and no settings from outside."""
    environ = {"PATH": f"{TOOLS}{os.pathsep}{os.defpath}", "HOME": os.devnull}
    command = [str(TOOLS / command[0]), *command[1:]]
    return subprocess.run(command, cwd=folder, env=environ, input=text, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_workflows_are_clean(name):
    done = lint(COMMANDS[name])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("actionlint", 'cron: "17 4 * * *"', 'cron: "77 4 * * *"'),
        ("actionlint", 'if [ "$DATASET" != all ]', "if [ $DATASET != all ]"),
        ("zizmor", "contents: write # replaces the branch `store`", "contents: write"),
        ("zizmor", "persist-credentials: false", "fetch-depth: 1"),
        ("workflow schema", "runs-on: ubuntu-24.04", "run-on: ubuntu-24.04"),
    ],
)
def test_a_linter_that_could_not_fail_would_prove_nothing(tmp_path, name, good, bad):
    folder = tmp_path / ".github"
    shutil.copytree(GITHUB, folder)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    file = folder / "workflows" / "features.yml"
    text = file.read_text()
    assert good in text
    file.write_text(text.replace(good, bad, 1))
    command = [argument.replace(f"{ROOT}/", "") for argument in COMMANDS[name]]
    assert lint(command, tmp_path).returncode != 0


@pytest.mark.parametrize("file", ACTIONS)
def test_the_scripts_of_actions_are_clean(file):
    # actionlint looks at those of workflows only.
    for step in yaml.safe_load(Path(file).read_text())["runs"]["steps"]:
        if "run" in step:
            done = lint(["shellcheck", "--shell=bash", "-"], text=step["run"])
            assert done.returncode == 0, done.stdout


def test_every_ignored_finding_is_explained_in_the_line_above():
    for file in (*WORKFLOWS, *ACTIONS):
        lines = Path(file).read_text().splitlines()
        for before, line in itertools.pairwise(lines):
            if "zizmor: ignore" in line:
                assert before.strip().startswith("# "), f"{file}: {line}"
