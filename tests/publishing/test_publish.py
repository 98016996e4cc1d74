import contextlib
import threading
from datetime import UTC, datetime

import pytest
from hub.client import hurried
from hub.repositories import Account, Blob
from hub.repositories import Hub as HubState
from hub.server import running

from pipelines.errors import PublishError
from pipelines.publishing import hub
from pipelines.publishing import publish as publishing
from pipelines.publishing.bundle import Bundle
from pipelines.publishing.publish import publish
from pipelines.settings import read_settings

NOW = datetime(2026, 3, 31, 5, 17, tzinfo=UTC)
README = (
    b'---\nsdk: gradio\nsdk_version: "6.31.0"\npython_version: "3.12.12"\napp_file: app.py\n'
    b"colorFrom: red\ncolorTo: blue\n---\n"
)
ZERO_GPU = b"from spaces import GPU\n\n\n@GPU\ndef unused():\n    pass\n"
SITE_README = b"---\nsdk: static\ncolorFrom: red\ncolorTo: blue\n---\n"
PREDICT, MONITOR, SITE = "acme/serverless-ml-predict", "acme/serverless-ml-monitor", "acme/serverless-ml-site"


class Contents:
    """What the bundles are made of; a test changes it as a store would change."""

    def __init__(self):
        app = {"README.md": README, "app.py": b"import gradio\n", "interface/zero_gpu.py": ZERO_GPU}
        self.predict = {**app, "models/t/model.skops": b"PK\0\1"}
        self.monitor = {**app, "dashboard/t/recent.png": b"\x89PNG\0one", "history/t.parquet": b"PAR1\0one"}
        self.site = {"README.md": SITE_README, "index.html": b"<p>one</p>"}

    def space_bundles(self, *_):
        return (Bundle("predict", "gradio", dict(self.predict)), Bundle("monitor", "gradio", dict(self.monitor)))

    def site_bundle(self, _):
        return Bundle("site", "static", dict(self.site))


@pytest.fixture(name="contents")
def fixture_contents(monkeypatch):
    contents = Contents()
    monkeypatch.setattr(publishing, "space_bundles", contents.space_bundles)
    monkeypatch.setattr(publishing, "site_bundle", contents.site_bundle)
    return contents


@pytest.fixture(name="stand_in")
def fixture_stand_in():
    accounts = {
        "hf_writer_token": Account("acme", organisations=("umbrella",)),
        "hf_reader_token": Account("acme", role="read"),
        "hf_free_token": Account("acme", plan="free"),
        "hf_restricted_token": Account("acme", plan="restricted"),
    }
    with running(HubState(accounts=accounts)) as stand_in:
        yield stand_in


@pytest.fixture(name="run")
def fixture_run(stand_in, contents):
    assert contents

    def run(token="hf_writer_token", *, dry_run=False, namespace="", waits=None, **environment):  # noqa: S107
        settings = read_settings({"HF_TOKEN": token, "HF_ENDPOINT": stand_in.url, **environment})
        sleep = (waits if waits is not None else []).append
        return publish(None, settings, dry_run=dry_run, namespace=namespace, now=NOW, sleep=sleep)

    return run


def commits(stand_in, space):
    return [commit.summary for commit in stand_in.space(space).commits]


def outcomes(report):
    return {space.space: space.outcome for space in report.spaces}


def test_the_first_run_creates_both_spaces_and_waits_until_they_run(run, stand_in):
    report = run()
    assert outcomes(report) == {PREDICT: "created", MONITOR: "created"}
    assert [space.stage for space in report.spaces] == ["RUNNING", "RUNNING"]
    assert report.failed == ()
    assert commits(stand_in, PREDICT) == ["initial commit", "Refresh of 2026-03-31 05:17 UTC"]
    assert [space.url for space in report.spaces] == [f"{stand_in.url}/spaces/{name}" for name in (PREDICT, MONITOR)]


def test_an_unchanged_store_makes_no_commit_and_waits_for_nothing(run, stand_in):
    run()
    waits = []
    report = run(waits=waits)
    assert outcomes(report) == {PREDICT: "unchanged", MONITOR: "unchanged"}
    assert len(commits(stand_in, PREDICT)) == len(commits(stand_in, MONITOR)) == 2
    assert waits == []


def test_a_daily_refresh_touches_only_the_data_and_pictures_that_changed(run, stand_in, contents):
    run()
    contents.monitor["history/t.parquet"] = b"PAR1\0two"
    contents.monitor["dashboard/t/recent.png"] = b"\x89PNG\0two"
    report = run()
    assert outcomes(report) == {PREDICT: "unchanged", MONITOR: "updated"}
    assert stand_in.space(MONITOR).head.changed == ("dashboard/t/recent.png", "history/t.parquet")
    assert report.spaces[1].change.paths == ("dashboard/t/recent.png", "history/t.parquet")


def test_a_dry_run_names_what_would_change_and_changes_nothing(run, stand_in, contents):
    report = run(dry_run=True)
    assert outcomes(report) == {PREDICT: "created", MONITOR: "created"}
    assert report.spaces[0].change.write == ("README.md", "app.py", "interface/zero_gpu.py", "models/t/model.skops")
    assert stand_in.hub.spaces == {}
    run()
    contents.predict["app.py"] = b"import gradio as gr\n"
    stand_in.log.clear()
    report = run(dry_run=True)
    assert report.spaces[0].change.paths == ("app.py",)
    assert outcomes(report) == {PREDICT: "updated", MONITOR: "unchanged"}
    assert {request.method for request in stand_in.log} == {"GET"}


def test_a_namespace_is_that_of_the_command_then_of_the_settings_then_of_the_token(run, stand_in):
    run(HF_NAMESPACE="umbrella")
    assert set(stand_in.hub.spaces) == {name.replace("acme", "umbrella") for name in (PREDICT, MONITOR)}
    run(HF_NAMESPACE="umbrella", namespace="acme")
    assert PREDICT in stand_in.hub.spaces


def test_without_a_token_one_line_says_what_is_skipped(run, stand_in):
    report = run(token="")
    assert report.spaces == ()
    assert len(report.notices) == 1
    assert "HF_TOKEN is not set" in report.notices[0]
    assert stand_in.log == []


def test_a_paid_plan_gets_processors_and_the_report_says_what_that_means(run, stand_in):
    report = run()
    assert {space.hardware for space in stand_in.hub.spaces.values()} == {"cpu-basic"}
    assert [space.hardware for space in report.spaces] == ["cpu-basic", "cpu-basic"]
    assert len(report.notices) == 1
    assert "on a processor" in report.notices[0]


def test_a_free_account_gets_both_spaces_on_zero_gpu_and_hears_what_that_means(run, stand_in):
    report = run(token="hf_free_token")
    assert outcomes(report) == {PREDICT: "created", MONITOR: "created"}
    assert [space.stage for space in report.spaces] == ["RUNNING", "RUNNING"]
    assert {space.hardware for space in stand_in.hub.spaces.values()} == {"zero-a10g"}
    assert "ZeroGPU" in report.notices[0]
    assert "free account" in report.notices[0]
    again = run(token="hf_free_token")
    assert outcomes(again) == {PREDICT: "unchanged", MONITOR: "unchanged"}
    assert again.notices == report.notices


def test_the_hardware_that_is_asked_for_is_the_only_one_that_is_tried(run, stand_in):
    run(HF_HARDWARE="zero-a10g")
    assert {space.hardware for space in stand_in.hub.spaces.values()} == {"zero-a10g"}
    report = run(token="hf_free_token", namespace="acme", HF_HARDWARE="cpu-basic")
    assert outcomes(report) == {PREDICT: "unchanged", MONITOR: "unchanged"}
    stand_in.hub.spaces.clear()
    report = run(token="hf_free_token", HF_HARDWARE="cpu-basic")
    assert outcomes(report) == {PREDICT: "refused", MONITOR: "refused", SITE: "created"}


@pytest.mark.parametrize("status", [402, 403])
def test_an_account_with_room_for_one_space_keeps_it_and_gets_the_static_page_too(run, stand_in, status):
    stand_in.hub.no_room = status
    stand_in.hub.create(Account("acme"), "acme", "older", "gradio", "zero-a10g")
    report = run(token="hf_free_token")
    assert outcomes(report) == {PREDICT: "created", MONITOR: "refused", SITE: "created"}
    assert "room" in report.notices[0]


def test_a_space_on_zero_gpu_without_the_function_that_it_asks_for_is_a_failure(run, contents):
    del contents.predict["interface/zero_gpu.py"]
    report = run(token="hf_free_token")
    assert report.failed == (PREDICT,)
    assert "@spaces.GPU" in report.spaces[0].log


def test_a_plan_without_gradio_spaces_gets_the_static_page_and_the_choices(run, stand_in):
    report = run(token="hf_restricted_token")
    assert outcomes(report) == {PREDICT: "refused", MONITOR: "refused", SITE: "created"}
    assert report.failed == ()
    assert set(stand_in.hub.spaces) == {SITE}
    assert stand_in.space(SITE).sdk == "static"
    assert "pipelines serve" in report.notices[0]
    assert "pricing" in report.notices[0]
    again = run(token="hf_restricted_token")
    assert outcomes(again)[SITE] == "unchanged"


def test_a_plan_that_ended_after_the_spaces_were_made_gets_the_static_page(run, stand_in, contents):
    run()
    contents.predict["app.py"] = b"new"
    stand_in.fail("POST", f"/spaces/{PREDICT}/commit/", status=402)
    report = run()
    assert outcomes(report) == {PREDICT: "refused", MONITOR: "unchanged", SITE: "created"}


def test_a_static_page_of_an_earlier_plan_is_kept_fresh(run, stand_in, contents):
    run(token="hf_restricted_token")
    contents.site["index.html"] = b"<p>two</p>"
    report = run()
    assert outcomes(report) == {PREDICT: "created", MONITOR: "created", SITE: "updated"}
    assert "static page" not in report.notices[0]
    assert stand_in.space(SITE).head.files["index.html"].content == b"<p>two</p>"


def test_a_broken_build_is_in_the_report_with_its_log_and_the_other_space_is_published(run, stand_in):
    stand_in.hub.broken_builds[PREDICT] = "Collecting gradio\nERROR: no matching distribution"
    report = run()
    assert report.failed == (PREDICT,)
    assert report.spaces[0].stage == "BUILD_ERROR"
    assert "no matching distribution" in report.spaces[0].log
    assert report.spaces[1].stage == "RUNNING"


def test_an_app_that_crashes_at_its_start_is_reported_with_the_log_of_its_run(run, stand_in):
    stand_in.hub.broken_starts[MONITOR] = "Traceback\nModuleNotFoundError: no module named 'x'"
    report = run()
    assert report.failed == (MONITOR,)
    assert "ModuleNotFoundError" in report.spaces[1].log


def test_a_space_that_is_broken_stays_a_failure_on_the_next_run(run, stand_in):
    stand_in.hub.broken_builds[PREDICT] = "ERROR"
    run()
    assert run().failed == (PREDICT,)


def test_a_log_that_cannot_be_read_does_not_hide_the_failure(run, stand_in):
    stand_in.hub.broken_builds[PREDICT] = "ERROR"
    stand_in.fail("GET", "/logs/", status=404, times=9)
    report = run()
    assert report.failed == (PREDICT,)
    assert "log" in report.spaces[0].log


def test_the_state_from_before_the_commit_is_not_taken_for_the_new_one(run, stand_in, contents):
    run()
    stand_in.hub.stale_polls = 3
    stand_in.hub.broken_builds[PREDICT] = "ERROR"
    contents.predict["app.py"] = b"broken"
    assert run().failed == (PREDICT,)


def test_the_new_state_is_found_where_the_hub_does_not_say_which_commit_runs(run, stand_in, contents):
    stand_in.hub.tells_running_commit = False
    stand_in.hub.stale_polls = 3
    run()
    stand_in.hub.broken_builds[PREDICT] = "ERROR"
    contents.predict["app.py"] = b"broken"
    assert run().failed == (PREDICT,)


def test_a_build_without_end_is_a_failure_after_twenty_minutes(run, stand_in, monkeypatch):
    monkeypatch.setattr(stand_in.hub, "poll", lambda _: "BUILDING")
    waits = []
    report = run(waits=waits)
    assert report.failed == (PREDICT, MONITOR)
    assert "Still BUILDING after 20 minutes" in report.spaces[0].log
    assert 20 * 60 <= sum(waits) / 2 < 21 * 60


def test_a_space_that_a_person_paused_is_no_failure(run, stand_in):
    run()
    stand_in.space(PREDICT).stage = "PAUSED"
    report = run()
    assert report.spaces[0].stage == "PAUSED"
    assert report.failed == ()


def test_what_a_person_added_to_a_space_stays_and_what_we_no_longer_have_goes(run, stand_in, contents):
    run()
    space = stand_in.space(PREDICT)
    space.append({**space.head.files, "packages.txt": Blob(b"x"), "models/old/model.skops": Blob(b"o")}, "hand", "acme")
    contents.predict["models/t/model.skops"] = b"PK\0\2"
    run()
    assert "packages.txt" in space.head.files
    assert "models/old/model.skops" not in space.head.files


@pytest.mark.parametrize(("token", "words"), [("hf_reader_token", "can only read"), ("hf_wrong", "not accepted")])
def test_a_token_that_cannot_publish_is_an_error(run, stand_in, token, words):
    with pytest.raises(PublishError, match=words) as caught:
        run(token=token)
    assert token not in str(caught.value)
    assert stand_in.hub.spaces == {}


def test_a_namespace_that_is_not_ours_is_an_error(run):
    with pytest.raises(PublishError, match=r"stranger.*HF_NAMESPACE"):
        run(namespace="stranger")


def test_a_hub_in_trouble_for_a_short_while_is_waited_for(run, stand_in):
    for path in ("/whoami", "/repos/create", "/runtime", "/tree/"):
        stand_in.fail("POST" if "create" in path else "GET", path, status=503, times=2)
    assert run().failed == ()


@pytest.mark.parametrize("token", ["hf_writer_token", "hf_free_token"])
def test_a_publish_that_is_killed_at_any_request_is_finished_by_the_next(run, stand_in, monkeypatch, token):
    run(token)
    expected, requests = published(stand_in), len(stand_in.log)
    for number in range(requests):
        stand_in.hub.spaces.clear()
        # Nothing comes any more, as from a process that is killed.
        stand_in.fail(".*", "", skip=number, drop=True, times=999)
        with contextlib.suppress(PublishError), monkeypatch.context() as patch:
            patch.setattr(hub, "ATTEMPTS", 1)
            hurried(patch)
            run(token)
        stand_in.faults[:] = []
        run(token)
        assert published(stand_in) == expected, number


def published(stand_in):
    """What a person finds: the files, the hardware and the commits of each Space."""
    spaces = stand_in.hub.spaces.items()
    return {name: (space.head.files, space.hardware, len(space.commits)) for name, space in spaces}


def test_runs_at_the_same_time_end_with_the_whole_of_one_of_them(run, stand_in):
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(run())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 3
    for space in (PREDICT, MONITOR):
        assert commits(stand_in, space) == ["initial commit", "Refresh of 2026-03-31 05:17 UTC"]
