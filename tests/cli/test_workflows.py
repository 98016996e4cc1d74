"""The choices in the workflows, and the registry that they come from."""

import pytest
import yaml

from pipelines.cli import workflows
from pipelines.cli.main import main
from pipelines.cli.workflows import stale_choices, write_choices
from pipelines.errors import DeclarationError, NotReadyError

BUTTON = """\
name: Features
on:
  workflow_dispatch:
    inputs:
      dataset:
        type: choice
        options:
          # registry: all and data sets (python -m pipelines workflows --write)
          # registry end
        default: all
"""


class Named:
    tasks = ()

    def __init__(self, name):
        self.name = name


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "button.yml").write_text(BUTTON)
    (tmp_path / "other.yml").write_text("name: Other\n")
    return tmp_path


@pytest.fixture
def registry(monkeypatch):
    def hold(*names):
        monkeypatch.setattr(workflows, "found_datasets", lambda: tuple(map(Named, names)))

    return hold


def options(folder):
    # YAML 1.1 reads the word `on` as true.
    return yaml.safe_load((folder / "button.yml").read_text())[True]["workflow_dispatch"]["inputs"]["dataset"][
        "options"
    ]


def test_a_new_data_set_becomes_a_choice_and_nothing_else_changes(folder, registry):
    registry("iris", "on")
    assert write_choices(folder) == ["button.yml"]
    assert options(folder) == ["all", "iris", "on"]
    kept = [line for line in (folder / "button.yml").read_text().splitlines(keepends=True) if "- " not in line]
    assert "".join(kept) == BUTTON
    assert stale_choices(folder) == {}
    assert write_choices(folder) == []


def test_a_data_set_that_is_gone_is_no_choice_any_more(folder, registry):
    registry("iris", "wine")
    write_choices(folder)
    registry("wine")
    write_choices(folder)
    assert options(folder) == ["all", "wine"]


def test_the_workflows_of_this_repository_are_in_step_and_checking_fails_when_they_are_not(registry, capsys):
    before = {file: file.read_bytes() for file in workflows.WORKFLOWS.glob("*.yml")}
    assert main(["workflows"]) == 0
    assert "offer what the registry has" in capsys.readouterr().out
    registry("iris", "beer")
    assert main(["workflows", "--check"]) == 1
    complaint = capsys.readouterr().err
    assert "features.yml" in complaint
    assert "the choices are not those of the registry. Write them:" in complaint
    assert before == {file: file.read_bytes() for file in workflows.WORKFLOWS.glob("*.yml")}


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ("# registry end", "# the end", "has no '# registry end' below its choices"),
        ("          # registry end\n", "", "has no '# registry end' below its choices"),
        ("all and data sets", "flowers", "can say all and data sets, all and tasks, tasks"),
    ],
)
def test_lines_that_are_not_as_they_must_be_are_named_and_no_file_is_written(folder, registry, good, bad, says):
    registry("iris")
    (folder / "a.yml").write_text(BUTTON)
    (folder / "wrong.yml").write_text(BUTTON.replace(good, bad))
    with pytest.raises(NotReadyError, match=says):
        write_choices(folder)
    assert (folder / "a.yml").read_text() == BUTTON


def test_a_data_set_that_cannot_be_used_does_not_lose_its_button(folder, monkeypatch):
    monkeypatch.setattr(workflows, "broken_datasets", lambda: {"wine": DeclarationError("wine has no unit")})
    with pytest.raises(DeclarationError, match="wine has no unit"):
        write_choices(folder)


def test_a_folder_without_workflows_is_named(tmp_path):
    with pytest.raises(NotReadyError, match=r"There are no workflows in .*none"):
        stale_choices(tmp_path / "none")
