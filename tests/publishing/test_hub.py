import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hub.repositories import Account, Blob
from hub.repositories import Hub as HubState
from hub.server import running
from huggingface_hub import constants

from pipelines.errors import PublishError
from pipelines.publishing.hub import Hub, PaymentRequired
from pipelines.settings import HubSettings

OWNED = ("data/",)
README = b"---\nsdk: static\ncolorFrom: red\ncolorTo: blue\n---\n# Thing\n"
FILES = {"README.md": README, "app.py": b"print('hello')\n", "data/a.png": b"\x89PNG\0" * 50, "data/b.txt": b"b"}
SPACE = "acme/thing"


@pytest.fixture(name="stand_in")
def fixture_stand_in():
    accounts = {
        "hf_writer_token": Account("acme"),
        "unusual-token": Account("acme"),
        "hf_reader_token": Account("acme", role="read"),
        "hf_free_token": Account("acme", plan="free"),
    }
    with running(HubState(accounts=accounts)) as stand_in:
        yield stand_in


@pytest.fixture(name="space")
def fixture_space(stand_in):
    return stand_in.hub.create(stand_in.hub.accounts["hf_writer_token"], "acme", "thing", "static")


@pytest.fixture(name="waits")
def fixture_waits():
    return []


@pytest.fixture(name="client")
def fixture_client(stand_in, waits):
    return Hub(HubSettings(token="hf_writer_token", endpoint=stand_in.url), sleep=waits.append)


def client_with(stand_in, token):
    return Hub(HubSettings(token=token, endpoint=stand_in.url), sleep=lambda _: None)


def contents(space):
    return {path: blob.content for path, blob in space.head.files.items() if path != ".gitattributes"}


@pytest.mark.usefixtures("space")
def test_a_file_is_read_and_what_is_not_there_is_nothing(client):
    assert client.read(SPACE, "data/b.txt") is None
    client.push(SPACE, FILES, OWNED, "first")
    assert client.read(SPACE, "data/b.txt") == FILES["data/b.txt"]
    assert client.read(SPACE, "data/a.png") == FILES["data/a.png"]
    assert client.read("acme/nothing", "data/b.txt") is None


def test_a_push_brings_text_and_binary_files_byte_by_byte_in_one_commit(client, space):
    pushed = client.push(SPACE, FILES, OWNED, "first")
    assert contents(space) == FILES
    assert [commit.summary for commit in space.commits] == ["initial commit", "first"]
    assert space.head.files["data/a.png"].large
    assert pushed.commit == space.head.oid
    assert pushed.change.write == tuple(sorted(FILES))


def test_binary_files_travel_through_lfs_where_xet_is_switched_off(stand_in, space):
    program = (
        "from pipelines.publishing.hub import Hub; from pipelines.settings import HubSettings; import sys;"
        "Hub(HubSettings(token='hf_writer_token', endpoint=sys.argv[1]))"
        ".push('acme/thing', {'a.png': b'\\x89PNG\\0' * 50, 'b.skops': b'\\0\\1'}, (), 'first')"
    )
    environment = {**os.environ, "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", program, stand_in.url], check=True, env=environment)
    assert contents(space) == {"a.png": b"\x89PNG\0" * 50, "b.skops": b"\0\1"}
    assert len(stand_in.requests("PUT", "^/lfs/")) == 2
    assert not stand_in.requests("GET", "xet-write-token")


def test_an_unchanged_push_writes_nothing(client, stand_in, space):
    client.push(SPACE, FILES, OWNED, "first")
    stand_in.log.clear()
    again = client.push(SPACE, FILES, OWNED, "second")
    assert not again.change
    assert again.commit == space.head.oid
    assert {request.method for request in stand_in.log} == {"GET"}


def test_a_push_sends_only_what_differs(client, space):
    client.push(SPACE, FILES, OWNED, "first")
    pushed = client.push(SPACE, {**FILES, "data/b.txt": b"c"}, OWNED, "second")
    assert pushed.change.paths == ("data/b.txt",)
    assert space.head.changed == ("data/b.txt",)


def test_what_is_no_longer_wanted_goes_but_the_files_of_a_person_stay(client, space):
    client.push(SPACE, FILES, OWNED, "first")
    space.append({**space.head.files, "notes.md": Blob(b"mine")}, "by hand", "acme")
    client.push(SPACE, {name: FILES[name] for name in ("README.md", "app.py")}, OWNED, "second")
    assert set(contents(space)) == {"README.md", "app.py", "notes.md"}


def test_a_look_ahead_names_the_changes_and_writes_nothing(client, stand_in, space):
    pushed = client.difference(SPACE, FILES, OWNED)
    assert pushed.change.write == tuple(sorted(FILES))
    assert len(space.commits) == 1
    assert not stand_in.requests("POST", "")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_commit_is_tried_again_after_a_passing_fault(client, stand_in, space, waits, status):
    stand_in.fail("POST", "/commit/", status=status, times=2)
    client.push(SPACE, FILES, OWNED, "first")
    assert contents(space) == FILES
    assert waits == [1, 2]


@pytest.mark.usefixtures("space")
def test_a_wait_that_the_hub_asks_for_is_kept(client, stand_in, waits):
    stand_in.fail("POST", "/commit/", status=429, headers={"Retry-After": "40"})
    stand_in.fail("GET", "/whoami", status=429, headers={"RateLimit": '"api";r=0;t=55'})
    client.account()
    client.push(SPACE, FILES, OWNED, "first")
    assert waits == [56, 41]


def test_a_wait_of_an_hour_is_refused_with_the_time(client, stand_in, waits):
    stand_in.fail("GET", "/whoami", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(PublishError, match="61 minutes"):
        client.account()
    assert waits == []


def test_a_commit_whose_answer_got_lost_is_not_made_twice(client, stand_in, space):
    stand_in.fail("POST", "/commit/", drop=True, after=True)
    pushed = client.push(SPACE, FILES, OWNED, "first")
    assert [commit.summary for commit in space.commits] == ["initial commit", "first"]
    assert pushed.change.write == tuple(sorted(FILES))
    assert pushed.commit == space.head.oid


def test_a_dropped_connection_is_tried_again(client, stand_in, space):
    stand_in.fail("GET", "/tree/", drop=True)
    client.push(SPACE, FILES, OWNED, "first")
    assert contents(space) == FILES


def test_a_publisher_that_was_overtaken_starts_over_from_the_new_head(client, stand_in, space):
    # The other commit lands after ours has read the head: its request is the first that ours sends before committing.
    overtaken = stand_in.fail("POST", "/preupload/", status=500, times=0)
    original = stand_in.hub.commit

    def commit_second(account, target, lines):
        if not overtaken.times:
            overtaken.times = -1
            target.append({**target.head.files, "data/old.txt": Blob(b"theirs")}, "theirs", "acme")
        return original(account, target, lines)

    stand_in.hub.commit = commit_second
    client.push(SPACE, FILES, OWNED, "ours")
    assert [commit.summary for commit in space.commits] == ["initial commit", "theirs", "ours"]
    assert contents(space) == FILES
    assert [request.status for request in stand_in.requests("POST", "/commit/")] == [412, 200]


def test_publishers_at_the_same_time_end_with_the_whole_of_one_of_them(stand_in, space):
    versions = [{**FILES, "data/b.txt": bytes([number]), f"data/{number}.txt": b"own"} for number in range(65, 69)]

    def push(files):
        client_with(stand_in, "hf_writer_token").push(SPACE, files, OWNED, "push")

    threads = [threading.Thread(target=push, args=(files,)) for files in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents(space) in versions


def test_a_space_that_another_run_created_first_is_no_error(client, stand_in):
    client.create(SPACE, "gradio")
    client.create(SPACE, "gradio")
    assert client.exists(SPACE)
    assert not client.exists("acme/other")
    assert list(stand_in.hub.spaces) == [SPACE]


def test_a_plan_without_gradio_spaces_is_told_apart(stand_in):
    with pytest.raises(PaymentRequired):
        client_with(stand_in, "hf_free_token").create(SPACE, "gradio")
    client_with(stand_in, "hf_free_token").create(SPACE, "static")


def test_a_token_that_can_only_read_is_refused_at_once(stand_in):
    with pytest.raises(PublishError, match=r"can only read.*settings/tokens"):
        client_with(stand_in, "hf_reader_token").account()


def test_a_token_that_turns_out_too_weak_late_names_the_token_and_the_namespace(stand_in, space):
    with pytest.raises(PublishError, match=r"publish to acme/thing.*HF_NAMESPACE.*write permission"):
        client_with(stand_in, "hf_reader_token").push(SPACE, FILES, OWNED, "first")
    assert len(space.commits) == 1


def test_a_namespace_of_others_is_named(client):
    with pytest.raises(PublishError, match=r"create umbrella/thing.*HF_NAMESPACE"):
        client.create("umbrella/thing", "static")


def test_a_wrong_token_is_named_and_not_shown(stand_in):
    with pytest.raises(PublishError, match="not accepted") as caught:
        client_with(stand_in, "hf_wrong_token_42").account()
    assert "hf_wrong_token_42" not in str(caught.value)


@pytest.mark.parametrize("token", ["hf_writer_token", "unusual-token"])
def test_a_token_is_hidden_even_where_the_hub_repeats_it(stand_in, token):
    stand_in.fail("GET", "/whoami", status=400, message=f"your token {token} is odd")
    with pytest.raises(PublishError) as caught:
        client_with(stand_in, token).account()
    assert "odd" in str(caught.value)
    assert token not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_client_reports_to_nobody(stand_in, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    client_with(stand_in, "hf_writer_token")
    assert constants.HF_HUB_DISABLE_TELEMETRY is True


@pytest.mark.parametrize("token", ["hf_a b", "hf_ä", "hf_a\nhf_b"])
def test_what_cannot_be_a_token_is_refused_without_showing_it(token):
    with pytest.raises(PublishError, match="HF_TOKEN is not a token") as caught:
        Hub(HubSettings(token=token))
    assert token not in str(caught.value)


def test_a_hub_that_cannot_be_reached_is_a_publish_error_after_every_attempt():
    waits = []
    client = Hub(HubSettings(token="hf_writer_token", endpoint="http://127.0.0.1:1"), sleep=waits.append)
    with pytest.raises(PublishError, match="network and HF_ENDPOINT"):
        client.account()
    assert waits == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("endpoint", ["nonsense", "ftp://127.0.0.1"])
def test_an_address_that_is_none_is_a_publish_error_at_once(endpoint):
    waits = []
    client = Hub(HubSettings(token="hf_writer_token", endpoint=endpoint), sleep=waits.append)
    with pytest.raises(PublishError, match="HF_ENDPOINT"):
        client.account()
    assert waits == []


def test_a_fault_of_the_large_file_storage_is_a_publish_error(client, stand_in, space):
    stand_in.fail("GET", "/xet-write-token/", status=403, times=9)
    with pytest.raises(PublishError, match="publish to acme/thing"):
        client.push(SPACE, FILES, OWNED, "first")
    assert len(space.commits) == 1


@pytest.mark.usefixtures("space")
def test_a_readme_that_the_hub_does_not_take_is_named(client):
    with pytest.raises(PublishError, match=r"not valid.*colorFrom"):
        client.push(SPACE, {"README.md": README.replace(b"red", b"beige")}, OWNED, "first")


@pytest.mark.usefixtures("space")
def test_nothing_else_is_asked_of_the_hub(client, stand_in):
    client.account()
    client.push(SPACE, FILES, OWNED, "first")
    asked = {request.path for request in stand_in.log if request.status != 200}
    assert asked == set()


def test_the_stand_in_runs_as_a_process_of_its_own():
    tests = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "--account", "hf_writer_token=acme"],
        cwd=tests, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        url = process.stdout.readline().strip()
        client = Hub(HubSettings(token="hf_writer_token", endpoint=url), sleep=lambda _: None)
        assert client.account() == "acme"
    finally:
        process.terminate()
        assert process.wait() == 0
