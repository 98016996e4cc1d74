"""Issues that follow the alarms, against the stand-in for GitHub."""

import json
import tracemalloc

import pytest
from workflows.github_stand_in import REPOSITORY, GitHubStandIn, running, zipped
from workflows.scripts import load

rest = load("github_rest")
alarm_issues = load("alarm_issues")
retrain = load("retrain")

NASTY = "<img src=x onerror=alert(1)> @acme/owners [a](http://evil.example) ![](//evil.example/p.png) fixes #1 `"


def alarm(**changes):
    return {
        "subject": "quality wine",
        "kind": "quality",
        "state": "bad",
        "dataset": "wine",
        "tasks": ["wine_grade"],
        "parts": ["wine_grade accuracy"],
        "since": "2026-11-12",
        "title": "Wine Quality: Below the promise since 12 November",
        "detail": "Wine grade, whose Accuracy is 0.41, promised at least 0.55",
        "advice": "Go back to an earlier version, or train a new one.",
        "false_alarms": "Once in ten years.",
        "picture": {"file": "dashboard/wine_grade/quality.png", "alt": "Accuracy over the days."},
    } | changes


@pytest.fixture
def github(monkeypatch):
    monkeypatch.setattr(rest, "PAUSES_S", (0, 0))
    stand_in = GitHubStandIn()
    stand_in.add_workflow("inference.yml", "Inference")
    with running(stand_in):
        yield stand_in


@pytest.fixture
def found(github):
    """A further good Inference, which found these alarms; then the issues are compared with it."""

    def found(*alarms, kind="embedded", **environ):
        run = github.add_run("inference.yml", "success", f"2026-11-{20 + len(github.runs)}T06:47:00Z")
        document = {"schema_version": 1, "as_of": "now", "store": {"kind": kind}, "alarms": alarms}
        github.add_artifact(run, "alarms", {"alarms.json": json.dumps(document)})
        return look(github, **environ)

    return found


def look(github, **environ):
    return alarm_issues.main(["inference.yml"], environment(github) | environ)


def environment(github):
    token = {"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": github.token}
    return {"GITHUB_API_URL": github.url, "BRANCH": "main", **token}


def states(github):
    return [issue["state"] for issue in github.issues]


def test_an_alarm_opens_one_issue_with_numbers_picture_and_what_to_do(github, found):
    assert found(alarm()) == 0
    [issue] = github.issues
    body = issue["body"]
    assert issue["title"] == "Wine Quality: Below the promise since 12 November"
    assert "Wine grade, whose Accuracy is 0.41, promised at least 0.55." in body
    assert "**What to do.** Go back to an earlier version" in body
    repository = f"https://github.com/{REPOSITORY}"
    for address in ("actions/workflows/promote.yml", "actions/workflows/train.yml", "blob/HEAD/docs/monitoring.md"):
        assert f"({repository}/{address})" in body
    assert f"![Accuracy over the days.]({repository}/blob/store/dashboard/wine_grade/quality.png?raw=true)" in body
    assert github.runs[0]["html_url"] in body
    assert "Once in ten years." in body


def test_looking_again_says_nothing_and_changes_nothing(github, found):
    found(alarm())
    look(github)
    look(github)
    assert [method for method, _ in github.calls].count("POST") == 1
    assert github.called("PATCH", ".*") == []


def test_numbers_that_move_change_the_text_and_tell_nobody(github, found):
    found(alarm())
    found(alarm(detail="Accuracy is 0.39"))
    assert "Accuracy is 0.39" in github.issues[0]["body"]
    assert github.comments[1] == []


def test_another_task_becomes_one_comment_also_when_it_comes_and_goes(github, found):
    more = alarm(tasks=["wine_grade", "wine_type"], detail="Both are below")
    for each in (alarm(), more, more, alarm(), more, alarm()):
        found(each)
    assert len(github.issues) == 1
    [comment] = github.comments[1]
    assert "It has changed: **Wine Quality: Below the promise since 12 November.** Both are below." in comment["body"]


def test_recovery_closes_the_issue_and_a_new_alarm_opens_a_new_one(github, found):
    found(alarm())
    found()
    assert states(github) == ["closed"]
    assert github.issues[0]["state_reason"] == "completed"
    assert github.runs[1]["html_url"] in github.comments[1][-1]["body"]
    found(alarm())
    assert states(github) == ["closed", "open"]


def test_an_alarm_that_another_one_hides_is_not_called_over(github, found):
    found(alarm(subject="mix wine", kind="mix"))
    found(alarm())
    assert states(github) == ["closed", "open"]
    assert "It raises for the same data: *Wine Quality: Below the promise" in github.comments[1][-1]["body"]


def test_what_a_person_closed_as_not_planned_is_heard_of_again_only_when_it_has_changed(github, found):
    found(alarm())
    github.issues[0] |= {"state": "closed", "state_reason": "not_planned"}
    found(alarm(detail="Accuracy is 0.39"))
    assert states(github) == ["closed"]
    found(alarm(parts=["wine_grade recall_poor"]))
    assert states(github) == ["closed", "open"]
    found()
    found(alarm())
    assert states(github) == ["closed", "closed", "open"], "after a recovery it is news again"


def test_what_a_person_closed_as_completed_is_told_again_while_it_lasts(github, found):
    found(alarm())
    github.issues[0] |= {"state": "closed", "state_reason": "completed"}
    found(alarm())
    assert states(github) == ["closed", "open"]


def test_each_subject_has_an_issue_of_its_own(github, found):
    found(alarm(), alarm(subject="quality iris", dataset="iris"), alarm(subject="inputs wine", kind="inputs"))
    assert len(github.issues) == 3
    found(alarm())
    assert states(github) == ["open", "closed", "closed"]


def test_a_late_run_is_left_to_the_issue_of_its_pipeline(github, found):
    found(alarm(subject="late", kind="late", dataset="", picture=None))
    assert github.issues == []


def test_without_the_branch_there_is_no_picture(github, found):
    found(alarm(), kind="hopsworks")
    assert "![" not in github.issues[0]["body"]


def test_an_issue_of_a_person_is_left_alone_even_with_the_same_mark(github, found):
    github.add_issue("mine", "<!-- alarm quality wine -->", "someone")
    found()
    assert states(github) == ["open"]
    found(alarm())
    assert len(github.issues) == 2


def test_text_from_elsewhere_has_no_effect(github, found):
    found(alarm(title=f"<!-- alarm quality iris --> {NASTY}", detail=NASTY, advice=NASTY, false_alarms=NASTY))
    found(alarm(title=NASTY, detail=NASTY, advice=NASTY, false_alarms=NASTY, parts=["other"]))
    for text in (github.issues[0]["body"], github.comments[1][0]["body"], github.issues[0]["title"]):
        assert "@acme" not in text
    for text in (github.issues[0]["body"], github.comments[1][0]["body"]):
        assert "<img" not in text
        assert "#1" not in text
        assert "://evil" not in text
        assert "quality iris -->" not in text
    assert len(github.issues) == 1


DOCUMENT = {"schema_version": 1, "store": {"kind": "embedded"}}


@pytest.mark.parametrize(
    "files",
    [
        {"alarms.json": "no JSON"},
        {"alarms.json": "[]"},
        {"alarms.json": "[" * 100_000},
        {"alarms.json": json.dumps(DOCUMENT | {"alarms": {"a": 1}})},
        {"alarms.json": json.dumps(DOCUMENT | {"schema_version": 2, "alarms": []})},
        {"alarms.json": json.dumps(DOCUMENT | {"alarms": [alarm(subject="x --> y")]})},
        {"alarms.json": json.dumps(DOCUMENT | {"alarms": [alarm(subject=7)]})},
        {"alarms.json": json.dumps(DOCUMENT | {"alarms": [alarm(picture={"file": "../x.png", "alt": ""})]})},
        {"alarms.json": json.dumps(DOCUMENT | {"alarms": [alarm()] * 101})},
        {"alarms.json": " " * 1_000_001},
        {"other.json": "{}"},
        {},
        b"no archive",
    ],
)
def test_a_document_that_is_none_touches_no_issue(github, found, files, capsys):
    found(alarm())
    before = json.dumps(github.issues)
    run = github.add_run("inference.yml", "success", "2026-11-30T06:47:00Z")
    github.add_artifact(run, "alarms", files)
    assert look(github) == 1
    assert "::error::" in capsys.readouterr().out
    assert (json.dumps(github.issues), github.comments[1]) == (before, [])


def test_an_artifact_that_is_too_large_is_not_even_asked_for(github, capsys):
    run = github.add_run("inference.yml", "success", "2026-11-30T06:47:00Z")
    github.add_artifact(run, "alarms", {"alarms.json": "{}"}, size=50 * 2**20)
    assert look(github) == 1
    assert "52,428,800 bytes; at most 1,000,000 are read" in capsys.readouterr().out
    assert github.called("GET", r"actions/artifacts/\d+/zip") == []


def test_one_that_lies_about_its_size_is_read_no_further(github):
    run = github.add_run("inference.yml", "success", "2026-11-30T06:47:00Z")
    github.add_artifact(run, "alarms", bytes(3 * 10**6), size=10)
    assert look(github) == 1
    github.add_artifact(run, "alarms", zipped({"alarms.json": bytes(10**8)}))
    assert look(github) == 1


def test_a_bomb_is_unpacked_no_further_than_it_may():
    archive = zipped({"alarms.json": bytes(3 * 10**7)})
    tracemalloc.start()
    with pytest.raises(rest.ArtifactError, match="larger than 1,000,000 bytes"):
        rest._only_file(archive, "alarms", "alarms.json", 10**6)
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_without_a_good_run_or_its_artifact_nothing_is_known(github, capsys):
    assert look(github) == 0
    github.add_run("inference.yml", "failure", "2026-11-29T06:47:00Z")
    github.add_run("inference.yml", "success", "2026-11-30T06:47:00Z")
    github.add_artifact(github.runs[0], "alarms", {"alarms.json": "no JSON"})
    assert look(github) == 0
    assert "has told no alarms yet" in capsys.readouterr().out


def test_a_refusal_is_told_and_fails_the_step(github, found, capsys):
    github.permissions.pop("actions")
    assert found(alarm()) == 1
    assert "::error::GitHub answered GET actions/workflows/inference.yml/runs?" in capsys.readouterr().out


def test_a_repository_without_issues_is_told_in_the_log(github, found, capsys):
    github.issues_enabled = False
    assert found(alarm()) == 0
    assert "::warning::Wine Quality: Below the promise" in capsys.readouterr().out


@pytest.mark.parametrize(("value", "warned"), [("", 0), ("both", 0), ("weekly", 1)])
def test_a_variable_that_does_nothing_is_told(found, capsys, value, warned):
    assert found(RETRAIN=value) == 0
    assert capsys.readouterr().out.count("::warning::The variable RETRAIN is weekly, which does nothing") == warned


def test_the_summary_lists_every_alarm(found, tmp_path):
    found(alarm(), GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert "| Wine Quality: Below the promise since 12 November | #1, opened |" in (tmp_path / "summary").read_text()


def test_what_is_newly_below_its_promise_is_told_to_the_job_once(found, tmp_path):
    told = []
    more = alarm(tasks=["wine_type", "wine_grade"])
    other = alarm(subject="inputs wine", kind="inputs")
    for number, alarms in enumerate([[alarm()], [alarm()], [more], [alarm(), other]]):
        found(*alarms, GITHUB_OUTPUT=str(tmp_path / str(number)))
        told.append((tmp_path / str(number)).read_text())
    assert told == [f"below_promise={tasks}\n" for tasks in ("wine_grade", "", "wine_grade wine_type", "")]


def test_where_issues_are_switched_off_nothing_is_news(github, found, tmp_path):
    github.issues_enabled = False
    found(alarm(), GITHUB_OUTPUT=str(tmp_path / "output"))
    assert (tmp_path / "output").read_text() == "below_promise=\n"


@pytest.mark.parametrize(("tasks", "pressed"), [("wine_grade", "wine_grade"), ("wine_grade wine_type", "all")])
def test_training_is_pressed_once(github, tasks, pressed):
    github.add_workflow("train.yml", "Train model")
    assert retrain.main(environment(github) | {"TASKS": tasks}) == 0
    inputs = {"task": pressed, "search": "quick", "promote": "auto", "only_new": "true"}
    assert github.dispatched == [("train.yml", "main", inputs)]


def test_a_training_that_is_switched_off_is_told(github, capsys):
    github.add_workflow("train.yml", "Train model", state="disabled_manually")
    assert retrain.main(environment(github) | {"TASKS": "wine_grade"}) == 1
    assert "::error::Train model could not be started" in capsys.readouterr().out
