"""Every request of a push goes wrong, in every way: the Space ends with the files and one commit more, or none."""

import contextlib
import itertools
import time

import pytest
from hf_xet import XetConfig
from hub.client import hurried
from hub.repositories import Account
from hub.repositories import Hub as HubState
from hub.server import running
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_answers import odd_answers, sentence

from pipelines.errors import PublishError
from pipelines.publishing import hub as publishing
from pipelines.publishing.hub import Hub
from pipelines.settings import HubSettings

FILES = {
    "README.md": b"---\nsdk: static\ncolorFrom: red\ncolorTo: blue\n---\n# Thing\n",
    "app.py": b"print('hello')\n",
    "a.png": b"\x89PNG\0" * 50,
}
SPACE = "acme/thing"

HARMS = {
    "refused": {"drop": True},
    "500": {"status": 500},
    "429": {"status": 429, "headers": {"Retry-After": "2"}},
    "slow": {"delay": 1.5},
    "cut": {"drop": True, "cut": True},
    "twice": {"drop": True, "after": True},  # carried out, and asked for again because the answer is lost
    "gone": {"drop": True, "times": 999},  # nothing comes any more, as from a process that is killed
}


# What a proxy, a page to sign in, or a Hub of another year may answer.
ODD_ANSWERS = (b"", b"null", b"7", b"[]", b"{}", b'"text"', b"[[1]]", b'{"name": 1}', b"<html>", b"\xff", b"[" * 9999)

# What the client looks for in the answers to a push, but for that to the upload of a file, which asks for seconds each.
NAMES = ("name", "auth", "accessToken", "role", "sha", "siblings", "rfilename", "files", "path", "uploadMode", "oid",
         "shouldIgnore", "commitOid", "commitUrl", "objects", "actions", "upload", "href", "url")  # fmt: skip
UPLOADS = ("null", "[[1]]", '{"casUrl": 7}', *(
    f'{{"casUrl": "{address}", "accessToken": "x", "exp": 4000000000}}'
    for address in ("", "nowhere", "ftp://127.0.0.1", "http://127.0.0.1:9")
))  # fmt: skip
ENOUGH = settings(max_examples=20)
NUMBERS = itertools.count()
# In seconds: far more than the attempt takes that is left, and less than the program would go on trying.
MINUTES = 60


@pytest.fixture(name="stand_in")
def fixture_stand_in():
    with running(HubState(accounts={"hf_writer_token": Account("acme")})) as stand_in:
        yield stand_in


def push(stand_in, number):
    """Make a Space of its own and push to it, from the look at the account on."""
    name = f"thing-{number}"
    space = stand_in.hub.create(stand_in.hub.accounts["hf_writer_token"], "acme", name, "static")
    client = Hub(HubSettings(token="hf_writer_token", endpoint=stand_in.url), sleep=lambda _: None)

    def again():
        client.account()
        client.push(f"acme/{name}", FILES, (), "first")

    return space, again


@pytest.mark.parametrize("harm", HARMS)
def test_a_push_survives_a_fault_of_any_request(stand_in, monkeypatch, harm):
    _, undisturbed = push(stand_in, "undisturbed")
    undisturbed()
    requests = len(stand_in.log)
    assert requests > 4
    for number in range(requests):
        space, again = push(stand_in, f"{harm}-{number}")
        stand_in.faults[:] = []
        stand_in.fail(".*", "", skip=number, **HARMS[harm])
        try:
            # Patient again in the next run, because a machine that is busy is slow by itself.
            with monkeypatch.context() as patch:
                patch.setattr(publishing, "TIMEOUT", 1.0 if harm == "slow" else publishing.TIMEOUT)
                hurried(patch)
                again()
        except PublishError:
            stand_in.faults[:] = []
            again()
        found = {path: blob.content for path, blob in space.head.files.items() if path != ".gitattributes"}
        assert found == FILES, number
        assert len(space.commits) == 2, number


@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_an_odd_answer_is_a_sentence_or_harmless(stand_in, answer):
    space, again = push(stand_in, "odd")
    for number in range(5):
        stand_in.faults[:] = []
        stand_in.fail(".*", "", skip=number, times=9, status=200, body=answer)
        with contextlib.suppress(PublishError):
            again()
    stand_in.faults[:] = []
    again()
    assert {path: space.head.files[path].content for path in FILES} == FILES


@ENOUGH
@given(answer=odd_answers(NAMES), request=st.integers(0, 4), times=st.sampled_from((1, 9)))
def test_any_answer_is_a_sentence_or_harmless(stand_in, answer, request, times):
    space, again = push(stand_in, f"any-{next(NUMBERS)}")
    stand_in.faults[:] = []
    stand_in.fail(".*", "", skip=request, times=times, status=200, body=answer.encode())
    assert "\n" not in sentence(again, PublishError)
    stand_in.faults[:] = []
    again()
    assert {path: space.head.files[path].content for path in FILES} == FILES


@pytest.mark.parametrize("answer", UPLOADS)
def test_any_answer_to_an_upload_is_a_sentence_in_seconds(stand_in, monkeypatch, answer):
    monkeypatch.setattr(publishing, "ATTEMPTS", 1)
    _, again = push(stand_in, "upload")
    stand_in.fail("GET", "xet-write-token", times=99, status=200, body=answer.encode())
    begun = time.monotonic()
    with pytest.raises(PublishError, match="Could not publish to acme/thing-upload"):
        again()
    assert time.monotonic() - begun < MINUTES
    stand_in.faults[:] = []
    again()


def test_the_program_for_large_files_waits_no_longer_than_the_client(stand_in):
    push(stand_in, "patience")
    told = XetConfig()
    assert told.get("client.retry_max_attempts") == 1
    assert told.get("client.read_timeout").total_seconds() == publishing.TIMEOUT.read
    assert told.get("client.connect_timeout").total_seconds() == publishing.TIMEOUT.connect
