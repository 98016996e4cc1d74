"""The comment about what a pull request does to the models, whatever its code has left behind."""

import json
import re

import pytest
from markdown_it import MarkdownIt
from workflows.github_stand_in import REPOSITORY, GitHubStandIn, running
from workflows.scripts import load

from pipelines.datasets import found_datasets

rest = load("github_rest")
verdict = load("verdict")

SHA = "a" * 40
NASTY = "<img src=x onerror=alert(1)> @acme/owners [a](http://evil.example) ![](//evil.example/p.png) | fixes #1 -->"
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


def difference(before=0.58, after=0.592, low=-0.004, high=0.028):
    return {"before": before, "after": after, "low": low, "high": high}


def task(**changes):
    return {
        "scorer": "macro_f1",
        "classes": ["poor", "fair", "excellent"],
        "champion": 1,
        "verdict": "unsure",
        "held_out": {"value": 0.59, "low": 0.55, "high": 0.63},
        "baseline": 0.25,
        "seconds": 21.4,
        "models": {
            "before": {"bytes": 2_100_000, "milliseconds": 31.0},
            "after": {"bytes": 2_400_000, "milliseconds": 29.0},
        },
        "rows": 1330,
        "scores": {"macro_f1": difference(), "accuracy": difference(0.73, 0.74), "recall_poor": difference()},
        "confusion": {
            "before": [[5, 9, 0], [1, 950, 60], [0, 150, 155]],
            "after": [[6, 8, 0], [1, 951, 59], [0, 149, 156]],
        },
    } | changes


def result(failed=(), **tasks):
    return json.dumps({"schema_version": 1, "tasks": tasks, "failed": list(failed)})


@pytest.fixture
def github(monkeypatch):
    monkeypatch.setattr(rest, "PAUSES_S", (0, 0))
    stand_in = GitHubStandIn()
    stand_in.permissions = {"actions": "read", "pull-requests": "write"}
    with running(stand_in):
        yield stand_in


@pytest.fixture
def request_(github):
    return github.add_pull("better-trees", SHA)


@pytest.fixture
def say(github, request_, tmp_path):
    """A run of Compare on the pull request left these files; then the comment is written."""

    def say(files, *, head=request_, size=None, conclusion="success", **settings):
        run = github.add_run("compare.yml", conclusion, "2026-11-26T10:00:00Z") | head
        if files is not None:
            files = {"comparison.json": files} if isinstance(files, str) else files
            github.add_artifact(run, "comparison", files, size)
        event = tmp_path / "event.json"
        event.write_text(json.dumps({"workflow_run": run, "repository": {"default_branch": "main"}}))
        environ = {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": github.token}
        return verdict.main(environ | settings | {"GITHUB_EVENT_PATH": str(event)})

    return say


def comment(github, number=1):
    [said] = github.comments[number]
    return said["body"]


def test_a_sentence_with_its_interval_comes_first(github, say):
    assert say(result(wine_grade=task())) == 0
    body = comment(github)
    assert "**0 of 1 surely better, 0 surely worse**" in body
    assert "- `wine_grade`: macro-f1 +0.012 (-0.004 to +0.028): no sure gain" in body
    assert body.index("no sure gain") < body.index("| Task |") < body.index("<details>")


def test_the_table_has_every_task_with_time_size_and_the_notebooks(github, say):
    say(result(wine_grade=task(), iris_variety=task(verdict="better")))
    body = comment(github)
    assert "| `wine_grade` | macro-f1 | 0.580 | 0.592 | +0.012 (-0.004 to +0.028) | 1,330 |" in body
    assert "| `iris_variety` | 21 s | 2.1, 2.4 | 31, 29 |" in body
    assert "recall_poor" not in body
    assert "1 of 2 surely better" in body


def test_the_executed_notebooks_are_linked(github, say):
    github.add_artifact({"id": 1000}, "comparison-notebooks", {"training.ipynb": "{}"})
    say(result(wine_grade=task()))
    assert "/actions/runs/1000/artifacts/1)" in comment(github)


def test_both_confusions_are_folded(github, say):
    say(result(wine_grade=task()))
    page = MARKDOWN.render(comment(github))
    assert page.count("<details>") == page.count("</details>") == 3
    assert page.count("<table>") == 5
    assert "<td>fair</td>\n<td>1</td>\n<td>951</td>" in page


def test_there_is_one_comment_however_often_one_pushes(github, say, request_):
    say(result(wine_grade=task()))
    github.pulls[1]["head"]["sha"] = "b" * 40
    say(result(wine_grade=task(verdict="worse")), head=request_ | {"head_sha": "b" * 40})
    assert "1 surely worse" in comment(github)


def test_saying_the_same_again_changes_nothing(github, say):
    say(result(wine_grade=task()))
    github.runs.clear()
    github.artifacts.clear()
    say(result(wine_grade=task()))
    assert github.called("PATCH", ".*") == []


def test_without_a_champion_there_is_no_difference_to_tell(github, say):
    alone = {
        name: value for name, value in task(verdict="alone", champion=None).items() if name not in {"scores", "rows"}
    }
    say(result(wine_grade=alone | {"models": {"after": {"bytes": 10**6}}}))
    assert (
        "- `wine_grade`: macro-f1 0.590 on the test rows, the simplest answer 0.250; there is no champion"
        in comment(github)
    )
    assert "Confusion" not in comment(github)


@pytest.mark.parametrize(("setting", "said"), [("true", True), ("false", False), ("", False)])
def test_a_repository_on_hopsworks_hears_what_its_models_were_set_against(github, say, setting, said):
    say(result(wine_grade=task()), ON_HOPSWORKS=setting)
    assert ("The champions of this repository are on Hopsworks" in comment(github)) is said


def test_what_could_not_be_trained_and_what_the_default_branch_does_not_know_is_counted(github, say):
    say(result(failed=["wine_type", NASTY], wine_grade=task(), beer_quality=task()), conclusion="failure")
    body = comment(github)
    assert "Could not be trained: `wine_type`." in body
    assert "2 of its tasks are not known to the default branch yet." in body
    assert "beer" not in body


def test_a_run_that_left_nothing_is_told(github, say):
    assert say(None, conclusion="failure") == 0
    assert "The models could not be compared; [the run](" in comment(github)


HOSTILE = {
    "no JSON": "no JSON",
    "another shape": "[]",
    "deep": "[" * 200_000,
    "HTML and mentions instead of numbers": result(wine_grade=task(rows=NASTY)),
    "true for a number": result(wine_grade=task(champion=True)),
    "no number": result(wine_grade=task(seconds="NaN")).replace('"NaN"', "NaN"),
    "more than any number": result(wine_grade=task(seconds=1)).replace('"seconds": 1', '"seconds": 1e999'),
    "a number of a million digits": result(wine_grade=task(seconds=1)).replace(
        '"seconds": 1', f'"seconds": {"9" * 10**5}'
    ),
    "a verdict of its own": result(wine_grade=task(verdict=NASTY)),
    "a verdict that is none": result(wine_grade=task(verdict=["better"])),
    "a score of its own": result(wine_grade=task(scorer=NASTY)),
    "a score that is missing": result(wine_grade=task(scorer="kappa")),
    "a table that is none": result(wine_grade=task(confusion={"before": [[1]], "after": [[1]]})),
    "a class that is none": result(wine_grade=task(classes=["poor", {"a": 1}, "excellent"])),
    "tasks that are none": json.dumps({"schema_version": 1, "tasks": ["wine_grade"], "failed": []}),
    "another file": {"evil.sh": "echo"},
    "two files": {"comparison.json": result(wine_grade=task()), "evil.sh": "echo"},
    "a path upwards": {"../comparison.json": result(wine_grade=task())},
    "no archive": b"nothing of the kind",
    "a bomb": {"comparison.json": " " * 5_000_000},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_result_that_is_none_changes_nothing_but_its_own_comment(github, say, name):
    github.add_issue("something else", "", "someone")
    other = github.add_pull("theirs", "f" * 40, fork="bob/flowers")
    assert other
    assert say(HOSTILE[name]) == 0
    body = comment(github)
    assert "cannot be used" in body
    assert not _effects(body)
    assert len(body) < 1000
    assert github.comments[2] == github.comments[3] == []
    assert {method for method, _ in github.calls} == {"GET", "POST"}


def _effects(body):
    """What in a comment does something: images, foreign links, mentions, references."""
    page = MARKDOWN.render(body)
    links = [link for link in re.findall(r'href="([^"]*)"', page) if not link.startswith("https://github.example/")]
    words = re.sub(r"<[^>]*>", "", page)
    return links + re.findall(r"<(?:img|script|iframe)", page) + re.findall(r"@\w|#\d|://", words)


def test_50_megabytes_are_not_read(github, say):
    assert say(result(wine_grade=task()), size=50 * 2**20) == 0
    assert "has 52,428,800 bytes; at most 1,000,000 are read." in comment(github)
    assert github.called("GET", r"actions/artifacts/\d+/zip") == []


def test_names_of_classes_are_shown_without_effect(github, say):
    say(result(wine_grade=task(classes=[NASTY, "| a | b |\n| - | - |", "<!-- verdict --></details>"])))
    body = comment(github)
    assert not _effects(body)
    assert body.count("<!-- verdict -->") == 1
    assert MARKDOWN.render(body).count("<details>") == MARKDOWN.render(body).count("</details>") == 3


def test_an_answer_cannot_claim_another_pull_request(github, say):
    github.add_pull("theirs", "f" * 40, fork="bob/flowers")
    claims = json.loads(result(wine_grade=task())) | {"pull_request": 2, "number": 2, "head_sha": "f" * 40}
    assert say(json.dumps(claims)) == 0
    assert len(github.comments[1]) == 1
    assert github.comments[2] == []


@pytest.mark.parametrize(
    "change",
    [
        {"head_sha": "d" * 40},
        {"head_branch": "another"},
        {"head_repository": None},
        {"head_repository": {"full_name": "eve/flowers", "owner": {"login": "eve"}}},
        {"head_repository": {"full_name": "ada/other", "owner": {"login": "ada"}}},
    ],
)
def test_a_run_of_an_older_commit_or_of_another_fork_says_nothing(github, say, request_, change, capsys):
    assert say(result(wine_grade=task()), head=request_ | change) == 0
    assert github.comments[1] == []
    assert "No open pull request has" in capsys.readouterr().out


def test_a_request_into_another_branch_is_not_meant(github, say):
    head = github.add_pull("onto-mine", "e" * 40, base="mine")
    assert say(result(wine_grade=task()), head=head) == 0
    assert github.comments[2] == []


def test_a_comment_of_a_person_with_the_same_mark_is_left_alone(github, say):
    github.comments[1].append({"id": 99, "body": "<!-- verdict --> mine", "user": {"login": "ada"}})
    say(result(wine_grade=task()))
    assert github.comments[1][0]["body"] == "<!-- verdict --> mine"
    assert len(github.comments[1]) == 2


def test_a_refusal_fails_the_job(github, say, capsys):
    github.permissions = {"actions": "read", "pull-requests": "read"}
    assert say(result(wine_grade=task())) == 1
    assert "::error::GitHub answered POST" in capsys.readouterr().out


def test_the_tasks_are_those_of_the_default_branch():
    offered = [task.name for dataset in found_datasets() for task in dataset.tasks]
    assert verdict.known_tasks(verdict.OFFERED.read_text()) == offered
    assert verdict.known_tasks("name: other") == []
