"""What `doctor --github` finds, against the stand-in for GitHub."""

import pytest
from workflows.github_stand_in import REPOSITORY, GitHubStandIn, running

from pipelines.cli import attestation
from pipelines.cli.main import main
from pipelines.cli.workflows import WORKFLOWS


@pytest.fixture
def github(monkeypatch):
    """A repository in which everything is set up, and every pipeline has run."""
    stand_in = GitHubStandIn()
    stand_in.permissions = dict.fromkeys(("metadata", "administration", "actions", "pages"), "read")
    for file in WORKFLOWS.glob("*.yml"):
        stand_in.add_workflow(file.name, file.stem)
    for file in ("features.yml", "train.yml", "inference.yml"):
        stand_in.add_run(file, "success", "2026-11-25T06:47:00Z")
    stand_in.pages = {"build_type": "workflow", "html_url": "https://acme.github.example/flowers/"}
    stand_in.settings = {
        "actions/permissions": {"enabled": True, "allowed_actions": "all"},
        "actions/variables": {"variables": []},
        "actions/secrets": {"secrets": []},
        "branches/store": {"name": "store"},
        "rules/branches/store": [],
    }
    with running(stand_in):
        monkeypatch.setenv("GITHUB_API_URL", stand_in.url)
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("GITHUB_TOKEN", stand_in.token)
        yield stand_in


@pytest.fixture
def look(capsys):
    def look():
        code = main(["doctor", "--github"])
        return code, capsys.readouterr().out

    return look


def test_a_repository_that_is_set_up_is_well(look, github):
    code, told = look()
    assert code == 0
    assert "WARN" not in told
    assert "ok    repository: acme/flowers, public: minutes are free, default branch main" in told
    assert "ok    workflow upkeep.yml: active" in told
    assert "ok    pages: published at https://acme.github.example/flowers/" in told
    assert "ok    approval: nobody has to; to change that: Settings → Environments" in told
    assert {method for method, _ in github.calls} == {"GET"}


def test_before_the_first_run_it_says_what_to_press(look, github):
    github.runs.clear()
    github.pages = None
    del github.settings["branches/store"]
    code, told = look()
    assert code == 0
    assert "WARN  run of Train model: none yet; press it: Actions → Train model → Run workflow" in told
    assert "WARN  branch store: none yet" in told
    assert "WARN  pages: no page is published; if you want one: Settings → Pages → Source: GitHub Actions" in told


WRONG = {
    "actions are off": ("actions/permissions", {"enabled": False}, "FAIL  actions: switched off; switch them on"),
    "only own actions": (
        "actions/permissions",
        {"enabled": True, "allowed_actions": "local_only"},
        "FAIL  actions: only those of this repository are allowed",
    ),
    "no force pushes": (
        "rules/branches/store",
        [{"type": "non_fast_forward"}, {"type": "deletion"}],
        "FAIL  branch store: its rules forbid replacing it (non_fast_forward); leave it out of them: Settings → Rules",
    ),
    "a variable that does nothing": (
        "actions/variables",
        {"variables": [{"name": "RETRAIN", "value": "weekly"}]},
        "FAIL  variable RETRAIN: 'weekly' does nothing; it can be monthly, on-alarm, both",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_what_to_do(look, github, name):
    path, answer, sentence = WRONG[name]
    github.settings[path] = answer
    code, told = look()
    assert code == 1
    assert sentence in told


def test_workflows_that_do_not_run_are_named(look, github):
    github.workflows["features.yml"]["state"] = "disabled_inactivity"
    del github.workflows["audit.yml"]
    github.add_run("inference.yml", "failure", "2026-11-26T06:47:00Z")
    code, told = look()
    assert code == 1
    assert "FAIL  workflow features.yml: GitHub disabled it after 60 days without activity; enable it" in told
    assert "FAIL  workflow audit.yml: GitHub does not know it; push it to main" in told
    assert "FAIL  run of Inference: failure on 2026-11-26: https://" in told


def test_what_is_set_is_told(look, github):
    github.issues_enabled = False
    github.settings["environments/production"] = {"protection_rules": [{"type": "required_reviewers"}]}
    github.settings["actions/variables"] = {"variables": [{"name": "RETRAIN", "value": "both"}]}
    github.settings["actions/secrets"] = {"secrets": [{"name": "HOPSWORKS_API_KEY"}]}
    code, told = look()
    assert code == 0
    for sentence in (
        "WARN  issues: switched off",
        "ok    approval: Promote, and Train model with always, wait for one",
        "ok    variable RETRAIN: both",
        "ok    secrets: the store is Hopsworks, Spaces are skipped",
    ):
        assert sentence in told


def test_what_the_token_may_not_see_is_a_warning_each(look, github):
    github.permissions = {"metadata": "read"}
    code, told = look()
    assert code == 0
    assert told.count("the token may not look; give GITHUB_TOKEN one with read access") == 6


@pytest.mark.usefixtures("github")
def test_a_token_that_github_does_not_know_is_named_and_not_shown(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_sesame")
    assert main(["doctor", "--github"]) == 1
    told = capsys.readouterr()
    assert "GitHub does not know the token in GITHUB_TOKEN" in told.err
    assert "ghp_sesame" not in told.out + told.err


@pytest.mark.usefixtures("github")
def test_without_a_token_a_repository_that_nobody_may_see_asks_for_one(capsys, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    assert main(["doctor", "--github"]) == 1
    assert "Nobody may look at acme/flowers like this; set GITHUB_TOKEN" in capsys.readouterr().err


@pytest.mark.usefixtures("github")
def test_a_repository_that_does_not_exist_is_named(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/gone")
    assert main(["doctor", "--github"]) == 1
    assert "GitHub knows no acme/gone" in capsys.readouterr().err


def test_a_github_that_does_not_answer_is_named(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    assert main(["doctor", "--github"]) == 1
    assert "GitHub does not answer at http://127.0.0.1:9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cloned", "name"),
    [
        ("https://github.com/ada/wines.git", "ada/wines"),
        ("git@github.com:ada/wines.data.git", "ada/wines.data"),
        ("https://gitlab.example/ada/wines", ""),
        ("", ""),
    ],
)
def test_the_name_is_that_of_the_clone_where_it_is_not_given(cloned, name, monkeypatch):
    class Done:
        stdout = f"{cloned}\n".encode()

    monkeypatch.setattr(attestation.subprocess, "run", lambda *_, **__: Done)
    assert attestation.name_of_clone() == name


@pytest.mark.parametrize(
    ("arguments", "repository", "says"),
    [
        (["--github", "--deep"], "ada/wines", "give one of them"),
        (["--github"], "a b", "GITHUB_REPOSITORY is 'a b'; it must be an owner and a name"),
    ],
)
def test_wrong_use_is_named(capsys, monkeypatch, arguments, repository, says):
    monkeypatch.setenv("GITHUB_REPOSITORY", repository)
    assert main(["doctor", *arguments]) == 2
    assert says in capsys.readouterr().err
