"""The runs that the story of the days does not tell: races, failures, promotion, publishing, upkeep."""

import json
import threading
from datetime import UTC, datetime, timedelta

import nbformat
import pytest
from hub.repositories import Account, Hub
from hub.server import running as running_hub
from workflows.days import DATASET, TASK, arrivals, store_of
from workflows.github_stand_in import GitHubStandIn, running

from pipelines.settings import read_settings
from pipelines.stores.hopsworks import HopsworksStore

INFERENCE_DONE = {"workflow_run": {"name": "Inference", "conclusion": "success", "head_branch": "main"}}

ALARM = {
    "subject": "quality iris",
    "kind": "quality",
    "dataset": "iris",
    "tasks": [TASK],
    "parts": ["accuracy"],
    "title": "Iris: Below the promise since 20 November",
    "detail": "Accuracy is 0.41",
    "advice": "Train a new one.",
    "false_alarms": "",
    "picture": None,
}
DOCUMENT = {"schema_version": 1, "store": {"kind": "embedded"}}
ALARMED, CALM = ({"alarms.json": json.dumps(DOCUMENT | {"alarms": found})} for found in ([ALARM], []))


@pytest.fixture
def github():
    stand_in = GitHubStandIn()
    for file, name in (
        ("features.yml", "Features"),
        ("inference.yml", "Inference"),
        ("upkeep.yml", "Upkeep"),
        ("check.yml", "Check store"),
        ("train.yml", "Train model"),
    ):
        stand_in.add_workflow(file, name)
    with running(stand_in):
        yield stand_in


def on_github(github, **secrets):
    return {"secrets": {"GITHUB_TOKEN": github.token, **secrets}, "GITHUB_API_URL": github.url}


def test_two_writers_at_the_same_time_both_get_through(repository, tmp_path):
    # A slow remote, so that the second push arrives while the first one is still on its way.
    hook = repository.bare / "hooks" / "update"
    hook.write_text("#!/bin/sh\nsleep 3\n")
    hook.chmod(0o755)
    runs = {}

    def write(dataset, per_day):
        variables = {"SAMPLES_PER_DAY": per_day}
        inputs = {"dataset": dataset}
        runs[dataset] = repository.run("workflow_dispatch", "features.yml", inputs=inputs, variables=variables)

    threads = [threading.Thread(target=write, args=(name, "2")) for name in ("iris", "wine")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for run in runs.values():
        assert run.jobs == {"features": "success"}, run.log
    assert sum("Another run changed the store first" in run.log for run in runs.values()) == 1
    store = store_of(repository, tmp_path / "store")
    today = {name: arrivals(store, name)["sample_id"].str.endswith("-001").sum() for name in ("iris", "wine")}
    assert today == {"iris": 1, "wine": 1}
    assert repository.store_commits() == 1


def test_a_training_that_fails_leaves_its_notebook_behind_and_the_champion_alone(repository, tmp_path):
    file = repository.clone / "notebooks" / "training.ipynb"
    notebook = nbformat.read(file, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("raise RuntimeError('broken on purpose')"))
    nbformat.write(notebook, file)
    before = repository.store_head()
    run = repository.run(
        "workflow_dispatch", "train.yml", inputs={"task": TASK, "search": "quick", "promote": "always"}
    )
    assert run.returncode == 1
    assert run.steps()["Upload the executed notebooks"] == "success"
    [kept] = (repository.artifacts / "training-notebooks-1").rglob("training.ipynb")
    assert "broken on purpose" in kept.read_text()
    assert repository.store_head() == before
    assert store_of(repository, tmp_path / "store").champion(TASK).version == 1


def test_promoting_what_does_not_exist_fails_with_a_sentence_and_moves_nothing(repository):
    before = repository.store_head()
    inputs = {"task": TASK, "version": "7", "reason": "it looks better"}
    run = repository.run("workflow_dispatch", "promote.yml", inputs=inputs)
    assert run.jobs == {"verify": "failure"}
    assert [entry for entry in run.entries if entry.get("command") == "error"]
    assert repository.store_head() == before


def test_promoting_keeps_the_reason_word_by_word(repository, tmp_path):
    reason = '-back "to" $(id) `id` 7; the newer one is worse'
    run = repository.run("workflow_dispatch", "promote.yml", inputs={"task": TASK, "version": "1", "reason": reason})
    assert run.jobs == {"verify": "success", "promote": "success"}, run.log
    assert "iris_variety, version 1: not verified: GitHub's command line, gh, is not installed" in run.summary
    assert store_of(repository, tmp_path / "store").champion_log(TASK)[-1].reason == reason


def test_the_page_is_deployed_after_a_successful_inference(repository, github):
    github.pages = {"build_type": "workflow"}
    run = repository.run("workflow_run", "publish.yml", payload=INFERENCE_DONE, **on_github(github))
    assert run.jobs == {"publish": "success", "pages": "success"}, run.log
    assert (repository.artifacts / "deployed" / "index.html").read_text().startswith("<!")
    assert run.summary.strip().splitlines()[0] == "The Spaces are skipped: this repository has no secret HF_TOKEN."
    assert "cache key venv-core-" in run.log


def test_without_pages_and_token_publishing_says_so_in_a_line_each_and_installs_nothing(repository, github):
    run = repository.run("workflow_run", "publish.yml", payload=INFERENCE_DONE, **on_github(github))
    assert run.jobs == {"publish": "success"}, run.log
    assert [line.split(" is skipped")[0].split(" are skipped")[0] for line in run.summary.splitlines()] == [
        "The Spaces",
        "GitHub Pages",
    ]
    assert "Set up" not in run.steps()


def test_with_a_token_the_spaces_are_refreshed(repository, github):
    with running_hub(Hub(accounts={"hf-token": Account("acme")})) as hub:
        options = on_github(github, HF_TOKEN="hf-token")
        variables = {"HF_ENDPOINT": hub.url}
        run = repository.run("workflow_run", "publish.yml", payload=INFERENCE_DONE, variables=variables, **options)
        assert run.jobs == {"publish": "success"}, run.log
        assert sorted(hub.hub.spaces) == ["acme/serverless-ml-monitor", "acme/serverless-ml-predict"]
    assert run.summary.splitlines()[0].startswith("GitHub Pages is skipped")


@pytest.mark.parametrize("change", [{"conclusion": "failure"}, {"head_branch": "my-change"}])
def test_nothing_is_published_after_a_failure_or_from_another_branch(repository, github, change):
    payload = {"workflow_run": INFERENCE_DONE["workflow_run"] | change}
    run = repository.run("workflow_run", "publish.yml", payload=payload, **on_github(github))
    assert run.jobs == {}
    assert github.calls == []


def test_a_failed_run_and_an_alarm_open_an_issue_each_and_the_next_good_runs_close_them(repository, github):
    github.add_artifact(github.add_run("inference.yml", "success", _now(-timedelta(hours=2))), "alarms", ALARMED)
    github.add_run("check.yml", "success", _now())
    github.add_run("features.yml", "failure", _now(-timedelta(hours=1)), step="Add the samples that are due")
    options = {"variables": {"RETRAIN": "both"}, "payload": INFERENCE_DONE}
    failed = repository.run("workflow_run", "upkeep.yml", **options, **on_github(github))
    assert failed.jobs == {"issues": "success", "retrain": "success"}, failed.log
    asked = {"task": TASK, "search": "quick", "promote": "auto", "only_new": "true"}
    assert github.dispatched == [("train.yml", "main", asked)]
    assert [issue["title"] for issue in github.issues] == [
        "Features fails",
        "Iris: Below the promise since 20 November",
    ]
    github.add_run("features.yml", "success", _now())
    github.add_artifact(github.add_run("inference.yml", "success", _now()), "alarms", CALM)
    repository.run("schedule", "upkeep.yml", **on_github(github))
    assert [issue["state"] for issue in github.issues] == ["closed", "closed"]


def test_what_went_well_and_has_no_news_starts_no_upkeep(repository, github):
    payload = {"workflow_run": INFERENCE_DONE["workflow_run"] | {"name": "Features"}}
    assert repository.run("workflow_run", "upkeep.yml", payload=payload, **on_github(github)).jobs == {}


def test_the_daily_upkeep_keeps_every_schedule_alive(repository, github):
    run = repository.run("schedule", "upkeep.yml", **on_github(github))
    assert run.jobs == {"issues": "success", "keepalive": "success"}, run.log
    assert sorted(github.called("PUT", ".*")) == [
        f"actions/workflows/{name}.yml/enable" for name in ("check", "features", "inference", "train", "upkeep")
    ]


def test_secrets_that_are_refused_fail_the_job_and_never_reach_the_log(repository, github, emulator):
    github.pages = {"build_type": "workflow"}
    secrets = {"HOPSWORKS_API_KEY": "hopsworks-secret-1", "HF_TOKEN": "hf-secret-2"}
    before = repository.store_head()
    with running_hub(Hub(accounts={})) as hub:
        variables = _hopsworks_variables(emulator) | {"HF_ENDPOINT": hub.url}
        options = {**on_github(github, **secrets), "variables": variables}
        runs = {
            "features": repository.run("schedule", "features.yml", **options),
            "inference": repository.run("schedule", "inference.yml", **options),
            "publish": repository.run("workflow_dispatch", "publish.yml", **options),
        }
    for name, run in runs.items():
        assert run.jobs == {name: "failure"}, run.log
        text = json.dumps(run.entries) + run.errors
        assert not [secret for secret in (*secrets.values(), github.token) if secret in text], name
    assert repository.store_head() == before


def test_with_a_key_the_same_workflow_writes_to_hopsworks_and_leaves_the_branch_alone(repository, emulator):
    before = repository.store_head()
    secrets = {"HOPSWORKS_API_KEY": emulator.environment("kafka")["HOPSWORKS_API_KEY"]}
    options = {"secrets": secrets, "variables": _hopsworks_variables(emulator)}
    run = repository.run("workflow_dispatch", "features.yml", inputs={"dataset": DATASET}, **options)
    assert run.jobs == {"features": "success"}, run.log
    assert "cache key venv-hopsworks-" in run.log
    assert len(arrivals(HopsworksStore(read_settings(emulator.environment("kafka"))))) == 1
    assert repository.store_head() == before


def _hopsworks_variables(emulator):
    environ = emulator.environment("kafka")
    return {name: value for name, value in environ.items() if name != "HOPSWORKS_API_KEY"}


def _now(shift=timedelta()):
    return (datetime.now(UTC) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")
