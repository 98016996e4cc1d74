"""`python -m pipelines publish` on a store with a few days in it, with the real client, against the Hub's stand-in."""

import pytest
from hub.repositories import Account
from hub.repositories import Hub as HubState
from hub.server import running

from pipelines.cli.main import main
from pipelines.datasets import all_tasks
from pipelines.monitoring import what_if
from pipelines.publishing import publish as publishing

PREDICT, MONITOR, SITE = (f"acme/serverless-ml-{name}" for name in ("predict", "monitor", "site"))
TOKEN = "hf_writer_token"


@pytest.fixture(name="stand_in")
def fixture_stand_in(monkeypatch):
    accounts = {TOKEN: Account("acme"), "hf_free_token": Account("acme", plan="free"),
                "hf_restricted_token": Account("acme", plan="restricted")}  # fmt: skip
    monkeypatch.setattr(publishing, "POLL_SECONDS", 0.01)
    with running(HubState(accounts=accounts)) as stand_in:
        monkeypatch.setenv("HF_ENDPOINT", stand_in.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield stand_in


@pytest.fixture(name="publish")
def fixture_publish(demo_copy, stand_in, capfd, monkeypatch):
    assert demo_copy
    # To play the months takes long, and is tested for itself.
    monkeypatch.setattr(what_if, "refresh_what_if", lambda _: False)
    assert stand_in

    def publish(*arguments):
        code = main(["publish", *arguments])
        told = capfd.readouterr()
        assert TOKEN not in told.out + told.err
        return code, told.out + told.err

    return publish


def test_a_day_of_publishing(publish, stand_in, demo_copy):
    code, told = publish()
    assert code == 0
    assert "serverless-ml-predict" in told
    assert "RUNNING" in told
    predict, monitor = (stand_in.space(name).head.files for name in (PREDICT, MONITOR))
    assert b'sdk_version: "' in predict["README.md"].content
    for task in all_tasks():
        assert predict[f"models/{task.name}/model.skops"].large
        assert monitor[f"dashboard/{task.name}/newest.png"].large

    stand_in.log.clear()
    assert publish()[0] == 0
    assert not stand_in.requests("POST", "/commit/")

    demo_copy.put_file("dashboard/metrics.json", demo_copy.get_file("dashboard/metrics.json") + b"\n")
    demo_copy.put_file("dashboard/iris_variety/newest.png", b"\x89PNG another")
    assert publish()[0] == 0
    assert len(stand_in.space(PREDICT).commits) == 2
    assert stand_in.space(MONITOR).head.changed == ("dashboard/iris_variety/newest.png", "dashboard/metrics.json")


def test_a_month_that_cannot_be_played_stops_nothing(publish, monkeypatch, caplog):
    monkeypatch.setattr(what_if, "refresh_what_if", lambda _: 1 / 0)
    assert publish()[0] == 0
    assert "The monitor plays no new month: ZeroDivisionError" in caplog.text


def test_a_dry_run_shows_what_would_change_and_asks_for_nothing_else(publish, stand_in):
    code, told = publish("--dry-run")
    assert code == 0
    assert "dry run" in told
    assert stand_in.hub.spaces == {}


def test_another_namespace_that_is_not_ours_fails_with_what_to_do(publish):
    code, told = publish("--namespace", "stranger")
    assert code == 1
    assert "HF_NAMESPACE" in told


def test_without_a_token_nothing_is_published_and_that_is_no_failure(publish, stand_in, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    code, told = publish()
    assert code == 0
    assert "HF_TOKEN is not set" in told
    assert stand_in.log == []


def test_a_free_account_has_both_spaces_running_and_reads_on_what(publish, stand_in, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_free_token")
    code, told = publish()
    assert code == 0
    assert [stand_in.space(name).stage for name in (PREDICT, MONITOR)] == ["RUNNING", "RUNNING"]
    assert "ZeroGPU" in told


def test_a_plan_without_gradio_spaces_publishes_the_page_and_names_the_choices(publish, stand_in, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_restricted_token")
    code, told = publish()
    assert code == 0
    assert "pipelines serve" in told
    assert b"<html" in stand_in.space(SITE).head.files["index.html"].content
    assert stand_in.space(SITE).stage == "RUNNING"


def test_a_space_that_does_not_build_fails_the_command_after_its_log(publish, stand_in):
    stand_in.hub.broken_builds[PREDICT] = "Collecting gradio\nERROR: no matching distribution"
    code, told = publish()
    assert code == 1
    assert told.index("no matching distribution") < told.index("do not run")
    assert MONITOR.split("/")[1] in told


def test_the_record_goes_to_the_data_set_that_is_named(publish, stand_in, monkeypatch):
    monkeypatch.setenv("HF_DATASET", "record")
    code, told = publish()
    assert code == 0
    assert "acme/record" in told
    files = stand_in.space("datasets/acme/record").head.files
    assert {f"data/{task.name}_predictions.parquet" for task in all_tasks()} < set(files)
    assert len(stand_in.hub.spaces) == 3
