"""The Hugging Face Hub: retries around what its client does not retry, and errors that say what to do."""

import hashlib
import os
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, SpaceHardware, constants, get_session
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.tqdm import disable_progress_bars
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from pipelines.errors import PublishError
from pipelines.settings import HubSettings

Result = TypeVar("Result")
Kind = Literal["space", "dataset"]

PAYMENT_REQUIRED, FORBIDDEN, CONFLICT, MOVED_ON, TOO_MANY = 402, 403, 409, 412, 429
TRANSIENT = frozenset({408, MOVED_ON, TOO_MANY, 500, 502, 503, 504})
# 1 + 2 + 4 + 8 + 16 seconds: longer than the short outages of the Hub, short beside a scheduled job.
ATTEMPTS = 6
# The rate limits of the Hub count in windows of five minutes.
LONGEST_WAIT = 300
# The client itself never gives up on a connection that says nothing.
TIMEOUT = httpx2.Timeout(60, connect=20)
# The Hub's program for large files tries for six minutes, and waits five for each answer; what is tried again here need
# not be tried again there. It takes settings from the environment alone, when it is first used.
LARGE_FILES = {
    "HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "1",
    "HF_XET_CLIENT_CONNECT_TIMEOUT": f"{TIMEOUT.connect:.0f}s",
    "HF_XET_CLIENT_READ_TIMEOUT": f"{TIMEOUT.read:.0f}s",
}
# With which the client meets an answer of another form than the Hub's, as of a proxy or a page to sign in.
ODD_ANSWER = (KeyError, IndexError, TypeError, AttributeError)
TOKENS_PAGE = "https://huggingface.co/settings/tokens"


class PaymentRequired(PublishError):
    """The account's plan does not allow this kind of Space."""


@dataclass(frozen=True)
class Change:
    """What a commit has to do, by path in the Space."""

    write: tuple[str, ...]
    delete: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.write or self.delete)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that differs."""
        return tuple(sorted((*self.write, *self.delete)))


@dataclass(frozen=True)
class Push:
    """How a Space came to hold its files: the commit that it is at, and what had to change."""

    commit: str
    change: Change


class Hub:
    """The calls that publishing needs. Each one is tried again while the fault may pass, and raises `PublishError`.

    Parameters
    ----------
    sleep
        How to wait between two attempts (seconds).
    kind
        What its repositories are.
    """

    def __init__(
        self, settings: HubSettings, sleep: Callable[[float], None] = time.sleep, kind: Kind = "space"
    ) -> None:
        if not settings.token.isascii() or len(settings.token.split()) != 1:
            raise PublishError(f"HF_TOKEN is not a token: it has blanks or letters outside ASCII. {_new_token()}")
        disable_progress_bars()
        # Otherwise the client reports to, and asks of, an address that is not the endpoint given here.
        constants.HF_HUB_DISABLE_TELEMETRY = True
        os.environ.update(LARGE_FILES)
        self._token = settings.token
        self._endpoint = settings.endpoint.rstrip("/")
        self._api = HfApi(endpoint=self._endpoint, token=settings.token)
        self._sleep = sleep
        self._kind = kind

    def account(self) -> str:
        """The name of the token's account; refuses a token that can only read."""

        def attempt() -> tuple[str, str]:
            person: dict[str, Any] = self._api.whoami()
            return str(person["name"]), person.get("auth", {}).get("accessToken", {}).get("role", "")

        name, role = self._tried("sign in", attempt)
        if role == "read":
            raise PublishError(f"HF_TOKEN can only read. {_new_token()}")
        return name

    def page(self, space: str) -> str:
        """The address of a repository."""
        return f"{self._endpoint}/{self._kind}s/{space}"

    def exists(self, space: str) -> bool:
        """Whether the Space is there."""
        return self._tried(f"look up {space}", lambda: self._head(space)) is not None

    def create(self, space: str, sdk: str | None = None, hardware: str | None = None) -> None:
        """Create an empty repository, a Space with its kind as `sdk`; nothing happens where another run did it first.

        Parameters
        ----------
        hardware
            What it runs on, such as `zero-a10g`; the Hub's own choice where None.

        Raises
        ------
        PaymentRequired
            The account's plan does not allow Spaces of this kind.
        """
        wanted = None if hardware is None else SpaceHardware(hardware)

        def attempt() -> None:
            try:
                self._api.create_repo(space, repo_type=self._kind, space_sdk=sdk, space_hardware=wanted)
            except HfHubHTTPError as error:
                if hardware and _status(error) == FORBIDDEN:
                    # Where it is the namespace that is not ours, the static page meets the same refusal.
                    raise PaymentRequired(f"{self._endpoint} refuses {space} on {hardware}") from None
                if _status(error) != CONFLICT:
                    raise

        self._tried(f"create {space}", attempt)

    def difference(self, space: str, files: Mapping[str, bytes], owned: tuple[str, ...]) -> Push:
        """What a push would do; see `push`."""
        return self._tried(f"read {space}", lambda: self._compared(space, files, owned))

    def push(self, space: str, files: Mapping[str, bytes], owned: tuple[str, ...], message: str) -> Push:
        """Bring a Space to hold `files`, in one commit, or in none if it does already.

        Parameters
        ----------
        owned
            Folders in which a file that is not among `files` is removed; elsewhere it stays.
        """
        attempted: list[Change] = []

        def attempt() -> Push:
            # Read again each time: another publisher may have come first, or our own answer got lost.
            push = self._compared(space, files, owned)
            if not push.change:
                return push
            attempted.append(push.change)
            return Push(self._commit(space, files, push, message), push.change)

        done = self._tried(f"publish to {space}", attempt)
        return done if done.change or not attempted else Push(done.commit, attempted[-1])

    def read(self, repository: str, path: str) -> bytes | None:
        """The content of a file; None where there is none, or no such repository."""

        def attempt() -> bytes | None:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    downloaded = self._api.hf_hub_download(repository, path, repo_type=self._kind, local_dir=folder)
                except (EntryNotFoundError, RepositoryNotFoundError):
                    return None
                return Path(downloaded).read_bytes()

        return self._tried(f"read {path} of {repository}", attempt)

    def newest_title(self, repository: str) -> str:
        """The first line of the newest commit's message."""

        def attempt() -> str:
            return self._api.list_repo_commits(repository, repo_type=self._kind)[0].title

        return self._tried(f"read the commits of {repository}", attempt)

    def runtime(self, space: str) -> dict[str, Any]:
        """The state of the Space as the Hub tells it: `stage`, and where known `sha` and `errorMessage`."""
        return self._tried(f"ask how {space} is doing", lambda: self._api.get_space_runtime(space).raw)

    def log(self, space: str, *, build: bool, lines: int) -> str:
        """The last lines of a Space's build log or run log."""
        read = list[str]
        told = self._tried(f"read the log of {space}", lambda: read(self._api.fetch_space_logs(space, build=build)))
        return self._hidden("".join(told[-lines:]))

    def _head(self, space: str) -> str | None:
        try:
            return self._api.repo_info(space, repo_type=self._kind).sha
        except RepositoryNotFoundError:
            return None

    def _compared(self, space: str, files: Mapping[str, bytes], owned: tuple[str, ...]) -> Push:
        head = self._api.repo_info(space, repo_type=self._kind).sha or ""
        tree = self._api.list_repo_tree(space, repo_type=self._kind, revision=head, recursive=True)
        return Push(head, difference([entry for entry in tree if isinstance(entry, RepoFile)], files, owned))

    def _commit(self, space: str, files: Mapping[str, bytes], push: Push, message: str) -> str:
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            *(CommitOperationAdd(path, files[path]) for path in push.change.write),
            *(CommitOperationDelete(path) for path in push.change.delete),
        ]
        with warnings.catch_warnings():
            # The history belongs to the Space: it is what its page shows.
            warnings.filterwarnings("ignore", "It seems that you are about to commit a data file")
            made = self._api.create_commit(
                space, operations, commit_message=message, repo_type=self._kind, parent_commit=push.commit
            )
        return made.oid

    def _tried(self, what: str, call: Callable[[], Result]) -> Result:
        def attempt() -> Result:
            get_session().timeout = TIMEOUT
            return call()

        retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause,
            retry=retry_if_exception(_may_pass),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        # The client lets RuntimeError and ValueError out of its upload paths.
        except (HfHubHTTPError, httpx2.HTTPError, httpx2.InvalidURL, OSError, RuntimeError, ValueError) as error:
            kind = PaymentRequired if _status(error) == PAYMENT_REQUIRED else PublishError
            raise kind(self._hidden(f"Could not {what} on {self._endpoint}: {_explained(error)}")) from None
        except ODD_ANSWER as error:
            raise PublishError(
                self._hidden(
                    f"Could not {what} on {self._endpoint}: the answer is none that the Hub gives "
                    f"({type(error).__name__}: {error}). Check HF_ENDPOINT and the network."
                )
            ) from error

    def _hidden(self, text: str) -> str:
        return re.sub(r"hf_\w{8,}", "hf_***", text.replace(self._token, "hf_***"))


def difference(tree: list[RepoFile], files: Mapping[str, bytes], owned: tuple[str, ...]) -> Change:
    """Compare the files of a Space with those that it should have, by content hash."""
    there = {entry.path: entry for entry in tree}
    write = [path for path, content in files.items() if path not in there or _differs(there[path], content)]
    delete = [path for path in there if path not in files and path.startswith(owned)]
    return Change(tuple(sorted(write)), tuple(sorted(delete)))


def _differs(entry: RepoFile, content: bytes) -> bool:
    if entry.lfs is not None:
        return entry.lfs.sha256 != hashlib.sha256(content).hexdigest()
    # How git names a blob; not a matter of security.
    return entry.blob_id != hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


def _status(error: BaseException) -> int | None:
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
    return cause.response.status_code if isinstance(cause, HfHubHTTPError) else None


def _may_pass(error: BaseException) -> bool:
    status = _status(error)
    if status is not None:
        return status in TRANSIENT and (_asked_wait(error) or 0) <= LONGEST_WAIT
    # An address with a wrong beginning counts as a fault of the transport too.
    passing = (httpx2.TransportError, OSError, RuntimeError)
    return isinstance(error, passing) and not isinstance(error, httpx2.UnsupportedProtocol)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = _asked_wait(error) if error else None
    return float(2 ** (state.attempt_number - 1)) if asked is None else asked + 1.0


def _asked_wait(error: BaseException) -> int | None:
    """The seconds that the Hub asks to wait: `Retry-After`, or `RateLimit: "api";r=0;t=55`."""
    if _status(error) != TOO_MANY or not isinstance(error, HfHubHTTPError):
        return None
    headers = error.response.headers
    asked = re.fullmatch(r"\d+", headers.get("Retry-After", "")) or re.search(
        r";\s*t=(\d+)", headers.get("RateLimit", "")
    )
    return int(asked[asked.lastindex or 0]) if asked else None


def _explained(error: BaseException) -> str:
    advice = {
        None: "what was sent is not valid" if isinstance(error, ValueError) else "check the network and HF_ENDPOINT",
        401: f"the token is not accepted. {_new_token()}",
        PAYMENT_REQUIRED: "the plan of this account does not include it",
        FORBIDDEN: f"the token may not do this, or the namespace is not yours; correct HF_NAMESPACE. {_new_token()}",
        404: "there is no such namespace or Space; correct HF_NAMESPACE",
        MOVED_ON: "other runs keep changing it; wait for them and run it again",
        TOO_MANY: f"too many requests; run it again in {(_asked_wait(error) or LONGEST_WAIT) // 60 + 1} minutes",
    }
    status = _status(error)
    what = advice.get(status, "run it again later; https://status.huggingface.co tells of outages")
    said = " ".join(str(error).split()) or type(error).__name__
    return f"{what} ({said})"


def _new_token() -> str:
    return f"Make a token with write permission at {TOKENS_PAGE} and set HF_TOKEN to it."
