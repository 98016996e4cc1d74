"""The issue about known vulnerabilities, against the stand-in for GitHub and recorded answers of pip-audit 2.10."""

import json

import pytest
from workflows.github_stand_in import REPOSITORY, GitHubStandIn, running
from workflows.scripts import load

audit = load("audit")

CLEAN = {"dependencies": [{"name": "numpy", "version": "2.4.6", "vulns": []}], "fixes": []}
HOLE = {"id": "PYSEC-2026-7", "fix_versions": ["3.1.6"], "aliases": ["CVE-2026-1"], "description": "<b>@everyone</b>"}
OTHER = {"id": "GHSA-aaaa-bbbb-cccc", "fix_versions": [], "aliases": [], "description": ""}


def with_holes(*holes):
    return {"dependencies": [*CLEAN["dependencies"], {"name": "jinja2", "version": "3.1.0", "vulns": list(holes)}]}


@pytest.fixture
def github():
    stand_in = GitHubStandIn()
    with running(stand_in):
        yield stand_in


@pytest.fixture
def run(github, tmp_path):
    def run(answer):
        path = tmp_path / "answer.json"
        path.write_text(answer if isinstance(answer, str) else json.dumps(answer))
        environment = {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": github.token}
        return audit.main([f"requirements.txt={path}"], environment)

    return run


def test_no_vulnerability_makes_no_issue(run, github):
    assert run(CLEAN) == 0
    assert github.issues == []


def test_a_vulnerability_opens_one_issue_that_says_what_to_do(run, github):
    for _ in range(2):
        assert run(with_holes(HOLE)) == 0
    [issue] = github.issues
    assert "`jinja2` 3.1.0: [PYSEC-2026-7](https://osv.dev/vulnerability/PYSEC-2026-7), fixed in 3.1.6" in issue["body"]
    assert "make lock" in issue["body"]
    assert github.comments[1] == []


def test_nothing_that_an_advisory_says_reaches_the_issue(run, github):
    run(with_holes(HOLE))
    assert "@everyone" not in github.issues[0]["body"]


def test_another_vulnerability_becomes_one_comment(run, github):
    run(with_holes(HOLE))
    for _ in range(2):
        run(with_holes(HOLE, OTHER))
    [comment] = github.comments[1]
    assert "GHSA-aaaa-bbbb-cccc" in comment["body"]
    assert "PYSEC-2026-7" not in comment["body"]


def test_the_issue_closes_when_nothing_is_left(run, github):
    run(with_holes(HOLE))
    run(CLEAN)
    assert github.issues[0]["state"] == "closed"


def test_an_issue_of_somebody_else_is_left_alone(run, github):
    github.add_issue("mine", audit.MARK, "ada")
    run(CLEAN)
    assert github.issues[0]["state"] == "open"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "no JSON",
        "[]",
        '{"dependencies": []}',
        {"dependencies": [{"name": "a\n@x", "version": "1", "vulns": [HOLE]}]},
    ],
)
def test_an_audit_that_failed_touches_no_issue(run, github, answer, capsys):
    run(with_holes(HOLE))
    assert run(answer) == 1
    assert "::error::The audit of requirements.txt" in capsys.readouterr().out
    assert github.issues[0]["state"] == "open"
    assert github.comments[1] == []


def test_an_answer_that_is_missing_is_an_error(github, tmp_path, capsys):
    environment = {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": github.token}
    assert audit.main([f"requirements.txt={tmp_path / 'none'}"], environment) == 1
    assert "::error::The answer of an audit is missing" in capsys.readouterr().out
    assert github.calls == []


def test_switched_off_issues_are_a_warning(run, github, capsys):
    github.issues_enabled = False
    assert run(with_holes(HOLE)) == 0
    assert "::warning::Known vulnerabilities in the locked packages, and" in capsys.readouterr().out
