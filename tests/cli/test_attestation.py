"""What GitHub attests about a version, asked of a stand-in for its command line."""

from datetime import UTC, datetime

import pytest

from pipelines.cli import attestation
from pipelines.cli.attestation import attested
from pipelines.cli.main import main
from pipelines.datasets import task_named
from pipelines.stores.base import ChampionEntry

GRADE = task_named("wine_grade")


@pytest.fixture
def gh(tmp_path, monkeypatch):
    """A `gh` that says and ends as told, and writes down how it was called."""

    def gh(code, says=""):
        program = tmp_path / "bin" / "gh"
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            f'#!/bin/sh\necho "$@" > {tmp_path}/called\ntest -f "$3" || exit 9\necho \'{says}\' >&2\nexit {code}\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        return tmp_path / "called"

    return gh


@pytest.fixture
def ask(monkeypatch, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.skops").write_bytes(b"model")
    monkeypatch.setattr(attestation, "load_version", lambda *given: given[-1](folder))
    return lambda repository="ada/wines": attested(None, GRADE, 1, repository)


def test_an_attestation_of_the_training_workflow_is_told(gh, ask, tmp_path):
    called = gh(0)
    assert ask() == "attested: .github/workflows/train.yml of ada/wines made this file"
    file, signer = tmp_path / "model" / "model.skops", f"ada/wines/{attestation.WORKFLOW}"
    wanted = f"attestation verify {file} --repo ada/wines --signer-workflow {signer}\n"
    assert called.read_text() == wanted


def test_without_an_attestation_it_says_what_gh_says(gh, ask):
    gh(1, "Loaded digest\nError: no attestations found for subject")
    assert ask() == "not attested: Error: no attestations found for subject"
    gh(1)
    assert ask() == "not attested: gh does not say why"


def test_where_gh_or_the_repository_is_not_known_it_says_so(ask, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask() == attestation.NO_GH
    assert ask("") == attestation.UNKNOWN


def test_a_version_that_does_not_exist_is_named(capsys):
    assert main(["attested", "wine_grade", "7"]) == 1
    assert "wine_grade" in capsys.readouterr().err


@pytest.mark.parametrize(("on_actions", "asked"), [("", True), ("true", False)])
def test_a_promotion_by_hand_tells_where_the_version_comes_from(capsys, monkeypatch, on_actions, asked):
    entry = ChampionEntry("wine_grade", 2, datetime(2026, 11, 26, tzinfo=UTC), "ada", "better")
    monkeypatch.setenv("GITHUB_ACTIONS", on_actions)
    monkeypatch.setattr("pipelines.training.promotion.promote", lambda *_, **__: entry)
    monkeypatch.setattr(attestation, "attested", lambda *_: "attested: by us")
    assert main(["promote", "wine_grade", "2", "--reason", "better"]) == 0
    assert ("Where it comes from: attested: by us." in capsys.readouterr().out) == asked
