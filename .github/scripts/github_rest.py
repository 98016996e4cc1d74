"""The few calls to GitHub's REST interface that the workflows need, with the standard library alone."""
# ruff: noqa: INP001, T201 - a module beside the workflows, which talks to the log of a job

import io
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

# Who a job is to GitHub.
BOT = "github-actions[bot]"

# Before each further try of a call that GitHub could not answer.
PAUSES_S = (2, 10)
TIMEOUT_S = 30
PAGE = 100
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}

# Statuses that a later try may not meet: too many calls, and whatever goes wrong behind the gateway.
PASSING = frozenset({429, 500, 502, 503, 504})


class GitHubError(Exception):
    """GitHub refused a call, or did not answer; `status` is 0 where it did not."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


class ArtifactError(Exception):
    """An artifact that is not what it must be; whoever made it, it is not used."""


class GitHub:
    """One repository, addressed by paths below it such as `issues/7`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.repository = environ["GITHUB_REPOSITORY"]
        self.url = environ.get("GITHUB_API_URL") or "https://api.github.com"
        self._token = environ.get("GITHUB_TOKEN", "")

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - whatever JSON GitHub answers
        """The decoded answer to a GET."""
        return self._call("GET", f"{path}?{urllib.parse.urlencode(query)}" if query else path)

    def pages(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """The entries of a list that comes in pages."""
        for number in range(1, 1000):
            entries = self.get(path, **query, per_page=PAGE, page=number)
            yield from entries
            if len(entries) < PAGE:
                return

    def send(self, method: str, path: str, **body: object) -> Any:  # noqa: ANN401 - whatever JSON GitHub answers
        """The decoded answer to a POST, PATCH or PUT."""
        return self._call(method, path, body)

    def artifact(self, run: int, name: str, file: str, most: int) -> bytes | None:
        """The content of the one file in an artifact of a run; None where the run has no such artifact.

        Raises
        ------
        ArtifactError
            It holds something else, or more than `most` bytes.
        """
        newest = self.newest_artifact(run, name)
        if newest is None:
            return None
        size = newest["size_in_bytes"]
        archive = b"" if size > most else self._patiently("GET", f"actions/artifacts/{newest['id']}/zip", most=most)
        if not 0 < len(archive) <= most:
            raise ArtifactError(f"The artifact {name} of run {run} has {size:,} bytes; at most {most:,} are read.")
        return _only_file(archive, name, file, most)

    def newest_artifact(self, run: int, name: str) -> dict[str, Any] | None:
        """What GitHub knows about an artifact of a run; of several with one name the newest."""
        kept = self.get(f"actions/runs/{run}/artifacts", name=name)["artifacts"]
        return max((each for each in kept if not each["expired"]), key=lambda each: int(each["id"]), default=None)

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        content = self._patiently(method, path, body)
        return json.loads(content) if content else None

    def _patiently(
        self, method: str, path: str, body: Mapping[str, object] | None = None, most: int | None = None
    ) -> bytes:
        for pause in (*PAUSES_S, None):
            try:
                return self._request(method, path, body, most)
            except GitHubError as error:
                # A POST that got no answer may have been carried out; twice the same comment is worse than none.
                if pause is None or error.status not in PASSING or method == "POST":
                    raise
                print(f"tried again in {pause} s: {error}")
                time.sleep(pause)
        raise AssertionError

    def _request(self, method: str, path: str, body: Mapping[str, object] | None, most: int | None) -> bytes:
        url = f"{self.url}/repos/{self.repository}/{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, HEADERS, method=method)  # noqa: S310 - GITHUB_API_URL
        if self._token:
            # Artifacts lie elsewhere; who is redirected there does not show the token.
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - GITHUB_API_URL
                return bytes(response.read() if most is None else response.read(most + 1))
        except urllib.error.HTTPError as error:
            reason = f"GitHub answered {method} {path} with {error.code} {error.reason}"
            raise GitHubError(reason, error.code) from error
        except OSError as error:
            raise GitHubError(f"GitHub did not answer {method} {path}: {error}") from error


def _only_file(content: bytes, name: str, file: str, most: int) -> bytes:
    """The file in a zip archive that holds it alone; never more than `most` bytes of it are unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.namelist() != [file]:
                raise ArtifactError(f"The artifact {name} does not hold {file} alone.")
            with archive.open(file) as opened:
                unpacked = opened.read(most + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as error:
        raise ArtifactError(f"The artifact {name} cannot be unpacked: {error}.") from error
    if len(unpacked) > most:
        raise ArtifactError(f"The file {file} of the artifact {name} is larger than {most:,} bytes.")
    return unpacked
