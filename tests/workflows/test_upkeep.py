"""Issues that follow the pipelines and schedules that stay alive, against the stand-in for GitHub."""

from datetime import UTC, datetime, timedelta

import pytest
from workflows.github_stand_in import REPOSITORY, GitHubStandIn, running
from workflows.scripts import load

rest = load("github_rest")
upkeep = load("upkeep")
targets = load("targets")

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def ago(hours):
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def github(monkeypatch):
    monkeypatch.setattr(rest, "PAUSES_S", (0, 0))
    stand_in = GitHubStandIn()
    stand_in.add_workflow("features.yml", "Features")
    stand_in.add_workflow("train.yml", "Train model")
    with running(stand_in):
        yield stand_in


def environment(github, **more):
    return {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": github.token, **more}


def check(github, *pipelines, now=NOW, **more):
    pipelines = pipelines or ("features.yml=36", "train.yml")
    return upkeep.main(["issues", *pipelines], environment(github, BRANCH="main", **more), now)


def texts(github, number=1):
    return [comment["body"] for comment in github.comments[number]]


def test_pipelines_that_work_have_no_issue(github):
    github.add_run("features.yml", "success", ago(8))
    assert check(github) == 0
    assert github.issues == []


def test_a_failure_opens_one_issue_that_says_where_to_look(github):
    github.add_run("features.yml", "success", ago(32))
    run = github.add_run("features.yml", "failure", ago(8), step="Add the samples that are due")
    check(github)
    [issue] = github.issues
    assert issue["title"] == "Features fails"
    assert run["html_url"] in issue["body"]
    assert "step *Add the samples that are due*" in issue["body"]


def test_looking_again_at_the_same_failure_says_nothing_new(github):
    github.add_run("features.yml", "failure", ago(8))
    for _ in range(3):
        check(github)
    assert len(github.issues) == 1
    assert texts(github) == []


def test_a_repeated_failure_becomes_a_comment(github):
    github.add_run("features.yml", "failure", ago(32))
    check(github)
    run = github.add_run("features.yml", "failure", ago(8))
    check(github)
    check(github)
    assert len(github.issues) == 1
    [text] = texts(github)
    assert run["html_url"] in text


def test_a_second_attempt_of_a_run_that_fails_too_is_told(github):
    run = github.add_run("features.yml", "failure", ago(8))
    check(github)
    run["run_attempt"] = 2
    check(github)
    assert len(texts(github)) == 1


def test_recovery_closes_the_issue_with_a_link_to_the_run(github):
    github.add_run("features.yml", "failure", ago(32))
    check(github)
    run = github.add_run("features.yml", "success", ago(8))
    check(github)
    [issue] = github.issues
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert run["html_url"] in texts(github)[-1]


def test_a_failure_after_recovery_opens_a_new_issue(github):
    for hours, conclusion in ((60, "failure"), (32, "success"), (8, "failure")):
        github.add_run("features.yml", conclusion, ago(hours))
        check(github)
    assert [issue["state"] for issue in github.issues] == ["closed", "open"]


def test_two_pipelines_have_an_issue_each(github):
    github.add_run("features.yml", "failure", ago(8))
    github.add_run("train.yml", "failure", ago(7))
    check(github)
    assert sorted(issue["title"] for issue in github.issues) == ["Features fails", "Train model fails"]


@pytest.mark.parametrize("conclusion", ["timed_out", "startup_failure"])
def test_other_ways_to_fail_count(github, conclusion):
    github.add_run("features.yml", conclusion, ago(8))
    check(github)
    assert len(github.issues) == 1


@pytest.mark.parametrize("conclusion", ["cancelled", "skipped", None])
def test_a_run_that_says_nothing_neither_opens_nor_closes(github, conclusion):
    github.add_run("features.yml", "failure", ago(32))
    check(github)
    github.add_run("features.yml", conclusion, ago(8))
    check(github)
    assert [issue["state"] for issue in github.issues] == ["open"]
    assert texts(github) == []


def test_runs_on_other_branches_do_not_count(github):
    github.add_run("features.yml", "success", ago(9))
    github.add_run("features.yml", "failure", ago(8), branch="my-change")
    check(github)
    assert github.issues == []


def test_a_pipeline_that_does_not_run_is_noticed_and_recovery_closes_it(github):
    github.add_run("features.yml", "success", ago(37))
    check(github)
    [issue] = github.issues
    assert issue["title"] == "Features does not run"
    assert "Run workflow" in issue["body"]
    github.add_run("features.yml", "success", ago(0))
    check(github)
    assert issue["state"] == "closed"


def test_a_stale_pipeline_is_told_once_a_day(github):
    github.add_run("features.yml", "success", ago(37))
    for hours in (0, 1, 24, 25):
        check(github, now=NOW + timedelta(hours=hours))
    assert len(github.issues) == 1
    assert len(texts(github)) == 1


@pytest.mark.parametrize(("hours", "often"), [(36, "daily"), (180, "weekly")])
def test_how_often_a_pipeline_should_run_is_told(github, hours, often):
    github.add_run("features.yml", "success", ago(hours + 1))
    check(github, f"features.yml={hours}")
    assert f"though it is scheduled {often} (GitHub" in github.issues[0]["body"]


def test_a_run_half_a_day_late_is_not_stale(github):
    github.add_run("features.yml", "success", ago(35.5))
    check(github)
    assert github.issues == []


def test_failing_and_standing_still_are_told_apart_in_one_issue(github):
    github.add_run("features.yml", "failure", ago(40))
    check(github)
    [issue] = github.issues
    assert issue["title"] == "Features fails and does not run"


def test_a_pipeline_without_schedule_is_never_stale(github):
    github.add_run("features.yml", "success", ago(8))
    github.add_run("train.yml", "success", ago(2000))
    check(github)
    assert github.issues == []


def test_a_new_repository_has_time_for_its_first_run(github):
    github.add_workflow("inference.yml", "Inference", created=ago(20))
    check(github, "inference.yml=36")
    assert github.issues == []
    check(github, "inference.yml=36", now=NOW + timedelta(hours=20))
    assert [issue["title"] for issue in github.issues] == ["Inference does not run"]


def test_a_workflow_switched_off_by_hand_is_meant_to_stand_still(github):
    github.add_run("features.yml", "success", ago(100))
    check(github)
    github.workflows["features.yml"]["state"] = "disabled_manually"
    check(github)
    assert [issue["state"] for issue in github.issues] == ["closed"]


def test_a_schedule_that_github_switched_off_is_noticed(github):
    github.workflows["features.yml"]["state"] = "disabled_inactivity"
    github.add_run("features.yml", "success", ago(100))
    check(github)
    assert "disabled_inactivity" in github.issues[0]["body"]


def test_an_issue_of_a_person_is_left_alone_even_with_the_same_mark(github):
    github.add_issue("mine", "<!-- upkeep features.yml -->", "someone")
    github.add_run("features.yml", "success", ago(8))
    check(github)
    assert github.issues[0]["state"] == "open"
    github.add_run("features.yml", "failure", ago(7))
    check(github)
    assert len(github.issues) == 2
    assert texts(github, 1) == []


def test_the_issue_is_found_behind_many_others(github):
    github.add_run("features.yml", "failure", ago(8))
    check(github)
    for number in range(150):
        github.add_issue(f"number {number}", None, "someone")
    check(github)
    assert sum(issue["title"] == "Features fails" for issue in github.issues) == 1


def test_a_repository_without_issues_is_told_in_the_log(github, capsys):
    github.issues_enabled = False
    github.add_run("features.yml", "failure", ago(8))
    assert check(github) == 0
    assert "::warning::Features fails, and this repository has its issues switched off." in capsys.readouterr().out


def test_a_workflow_that_github_does_not_know_yet_is_passed_over(github):
    assert check(github, "nothing.yml=36") == 0
    assert upkeep.main(["keepalive", "nothing.yml"], environment(github), NOW) == 0


def test_a_passing_fault_is_tried_again(github):
    github.add_run("features.yml", "success", ago(8))
    github.faults = [502, 503]
    assert check(github) == 0


def test_a_refusal_is_told_and_fails_the_job(github, capsys):
    github.permissions.pop("actions")
    assert check(github) == 1
    assert "::error::GitHub answered GET actions/workflows/features.yml with 403" in capsys.readouterr().out


def test_an_unreachable_github_fails_the_job(capsys):
    nowhere = GitHubStandIn()
    nowhere.url = "http://127.0.0.1:9"
    assert check(nowhere) == 1
    assert "::error::GitHub did not answer" in capsys.readouterr().out


def test_the_summary_lists_every_pipeline(github, tmp_path):
    github.add_run("features.yml", "failure", ago(8))
    check(github, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    summary = (tmp_path / "summary").read_text()
    assert "| Features | fails |" in summary
    assert "| #1, opened |" in summary
    assert "| Train model | no run yet |" in summary


def test_keepalive_enables_workflows_anew(github):
    github.workflows["train.yml"]["state"] = "disabled_inactivity"
    assert upkeep.main(["keepalive", "features.yml", "train.yml"], environment(github), NOW) == 0
    assert len(github.called("PUT", r"actions/workflows/(features|train)\.yml/enable")) == 2
    assert github.workflows["train.yml"]["state"] == "active"


@pytest.mark.parametrize("state", ["disabled_manually", "disabled_fork"])
def test_keepalive_does_not_enable_what_a_person_switched_off(github, state):
    github.workflows["features.yml"]["state"] = state
    upkeep.main(["keepalive", "features.yml"], environment(github), NOW)
    assert github.called("PUT", ".*") == []
    assert github.workflows["features.yml"]["state"] == state


@pytest.mark.parametrize(
    ("pages", "token", "outputs"),
    [
        (None, "false", "spaces=false\npage=false\n"),
        ("workflow", "true", "spaces=true\npage=true\n"),
        ("legacy", "true", "spaces=true\npage=false\n"),
    ],
)
def test_the_targets_of_publishing(github, tmp_path, pages, token, outputs):
    github.pages = pages and {"build_type": pages}
    output, summary = tmp_path / "output", tmp_path / "summary"
    more = {"HAS_HF_TOKEN": token, "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    assert targets.main(environment(github, **more)) == 0
    assert output.read_text() == outputs
    told = summary.read_text() if summary.exists() else ""
    assert told.count("skipped") == outputs.count("false")


def test_a_github_that_refuses_to_tell_about_pages_fails_the_step(github, capsys):
    github.permissions.pop("pages")
    assert targets.main(environment(github)) == 1
    assert "403" in capsys.readouterr().out
