"""Is the repository on GitHub set up as the workflows need it? One check at a time, as far as the token may look."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

import httpx2

from pipelines.cli.attestation import name_of_clone
from pipelines.cli.doctor import Check
from pipelines.cli.workflows import WORKFLOWS
from pipelines.errors import NotReadyError, UsageError
from pipelines.settings import GitHubSettings

TIMEOUT_S = 30
NOT_FOUND = 404
RETRAIN = ("monthly", "on-alarm", "both")
# With one of these on the branch, no run could replace it by a commit without a parent.
FORBIDDING = {"non_fast_forward", "required_linear_history", "pull_request", "required_signatures", "update"}
STATES = {
    "disabled_manually": "somebody disabled it",
    "disabled_inactivity": "GitHub disabled it after 60 days without activity",
    "disabled_fork": "a fork begins with its schedules off",
}
SETTINGS = "Settings → "

Answer = Mapping[str, Any]


class NotAllowed(Exception):
    """The token may not look at this."""


class Repository:
    """One repository, read through GitHub's REST interface by paths below it such as `pages`."""

    def __init__(self, settings: GitHubSettings) -> None:
        self.name = settings.repository or name_of_clone()
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        self._url = f"{settings.endpoint}/repos/{self.name}"
        self._headers = headers

    def get(self, path: str = "") -> Answer | None:
        """What GitHub answers; None where there is no such thing.

        Raises
        ------
        NotAllowed
            The token may not see it.
        NotReadyError
            GitHub does not answer, or has no such token.
        """
        try:
            answer = httpx2.get(f"{self._url}/{path}".rstrip("/"), headers=self._headers, timeout=TIMEOUT_S)
        except httpx2.HTTPError as error:
            raise NotReadyError(f"GitHub does not answer at {self._url}: {error}. Try again later.") from error
        if answer.status_code == httpx2.codes.UNAUTHORIZED and "Authorization" in self._headers:
            raise NotReadyError("GitHub does not know the token in GITHUB_TOKEN; make a new one, or unset it.")
        if answer.status_code in {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}:
            raise NotAllowed
        if answer.status_code == NOT_FOUND:
            return None
        if answer.is_error:
            raise NotReadyError(f"GitHub answered {self._url}/{path} with {answer.status_code}. Try again later.")
        content: Answer | list[Answer] = answer.json()
        return content if isinstance(content, dict) else {"list": content}

    @cached_property
    def about(self) -> Answer:
        """What GitHub knows about the repository itself."""
        try:
            repository = self.get()
        except NotAllowed as error:
            raise NotReadyError(
                f"Nobody may look at {self.name} like this; set GITHUB_TOKEN to a token of yours."
            ) from error
        if repository is None:
            raise NotReadyError(f"GitHub knows no {self.name}, or the token may not see it. Check GITHUB_REPOSITORY.")
        return repository


def github_checks(settings: GitHubSettings) -> Iterator[Check]:
    """Look at everything on GitHub that the workflows rely on, in the order of the first run.

    Raises
    ------
    UsageError
        It is not known which repository is meant.
    NotReadyError
        GitHub cannot be asked.
    """
    repository = Repository(settings)
    if not repository.name:
        raise UsageError("Which repository? Set GITHUB_REPOSITORY to its name, such as ada/wines.")
    yield Check("repository", passed=True, sentence=_about(repository.about))
    yield _issues(repository.about)
    for name, look in LOOKS.items():
        try:
            yield from look(repository)
        except NotAllowed:
            sentence = "the token may not look; give GITHUB_TOKEN one with read access to the repository's settings"
            yield Check(name, passed=True, sentence=sentence, doubtful=True)


def _about(about: Answer) -> str:
    kind = "private: minutes are billed" if about["private"] else "public: minutes are free"
    return f"{about['full_name']}, {kind}, default branch {about['default_branch']}"


def _issues(about: Answer) -> Check:
    off = "switched off, so failures and alarms are warnings in the log of Upkeep: Settings → General → Issues"
    return Check(
        "issues", passed=True, sentence="switched on" if about["has_issues"] else off, doubtful=not about["has_issues"]
    )


def _actions(repository: Repository) -> Iterator[Check]:
    permissions = repository.get("actions/permissions") or {}
    if not permissions.get("enabled"):
        yield Check("actions", passed=False, sentence=f"switched off; switch them on: {SETTINGS}Actions → General")
    elif permissions.get("allowed_actions") == "local_only":
        sentence = f"only those of this repository are allowed; allow actions of GitHub: {SETTINGS}Actions → General"
        yield Check("actions", passed=False, sentence=sentence)
    else:
        yield Check(
            "actions", passed=True, sentence=f"switched on, allowed: {permissions.get('allowed_actions', 'all')}"
        )


def _workflows(repository: Repository) -> Iterator[Check]:
    answer = repository.get("actions/workflows?per_page=100") or {"workflows": []}
    states = {each["path"].rsplit("/", 1)[-1]: each["state"] for each in answer["workflows"]}
    for file in sorted(path.name for path in WORKFLOWS.glob("*.yml")):
        state = states.get(file)
        if state is None:
            sentence = f"GitHub does not know it; push it to {repository.about['default_branch']}"
        else:
            sentence = f"{STATES.get(state, state)}; enable it: Actions → the workflow → Enable"
        yield Check(f"workflow {file}", state == "active", "active" if state == "active" else sentence)


def _runs(repository: Repository) -> Iterator[Check]:
    branch = quote(repository.about["default_branch"], safe="")
    for file, name in {"features.yml": "Features", "train.yml": "Train model", "inference.yml": "Inference"}.items():
        answer = repository.get(f"actions/workflows/{file}/runs?branch={branch}&status=completed&per_page=1")
        newest = next(iter(answer["workflow_runs"] if answer else ()), None)
        if newest is None:
            sentence = f"none yet; press it: Actions → {name} → Run workflow"
            yield Check(f"run of {name}", passed=True, sentence=sentence, doubtful=True)
        else:
            ended = f"{newest['conclusion']} on {newest['created_at'][:10]}: {newest['html_url']}"
            yield Check(f"run of {name}", newest["conclusion"] != "failure", ended)


def _store(repository: Repository) -> Iterator[Check]:
    if repository.get("branches/store") is None:
        yield Check("branch store", passed=True, sentence="none yet; the first run of Features makes it", doubtful=True)
        return
    rules = {rule["type"] for rule in (repository.get("rules/branches/store") or {"list": []})["list"]}
    forbidding = sorted(rules & FORBIDDING)
    sentence = f"its rules forbid replacing it ({', '.join(forbidding)}); leave it out of them: {SETTINGS}Rules"
    yield Check("branch store", not forbidding, sentence if forbidding else "there, and may be replaced")


def _pages(repository: Repository) -> Iterator[Check]:
    pages = repository.get("pages")
    if pages and pages.get("build_type") == "workflow":
        yield Check("pages", passed=True, sentence=f"published at {pages.get('html_url') or 'GitHub Pages'}")
    else:
        sentence = f"no page is published; if you want one: {SETTINGS}Pages → Source: GitHub Actions"
        yield Check("pages", passed=True, sentence=sentence, doubtful=True)


def _approval(repository: Repository) -> Iterator[Check]:
    environment = repository.get("environments/production") or {}
    asks = any(rule["type"] == "required_reviewers" for rule in environment.get("protection_rules", ()))
    nobody = f"nobody has to; to change that: {SETTINGS}Environments → production → Required reviewers"
    yield Check(
        "approval", passed=True, sentence="Promote, and Train model with always, wait for one" if asks else nobody
    )


def _variables(repository: Repository) -> Iterator[Check]:
    answer = repository.get("actions/variables?per_page=30") or {"variables": []}
    values = {each["name"]: each["value"] for each in answer["variables"]}
    told = ", ".join(sorted(values)) or "none, and none is needed"
    yield Check("variables", passed=True, sentence=told)
    retrain = values.get("RETRAIN")
    if retrain is not None:
        wrong = f"{retrain!r} does nothing; it can be {', '.join(RETRAIN)}"
        yield Check("variable RETRAIN", retrain in RETRAIN, retrain if retrain in RETRAIN else wrong)


def _secrets(repository: Repository) -> Iterator[Check]:
    answer = repository.get("actions/secrets?per_page=100") or {"secrets": []}
    names = {each["name"] for each in answer["secrets"]}
    store = "Hopsworks" if "HOPSWORKS_API_KEY" in names else "the branch store"
    spaces = "published" if "HF_TOKEN" in names else "skipped"
    yield Check("secrets", passed=True, sentence=f"the store is {store}, Spaces are {spaces}")


LOOKS = {
    "actions": _actions,
    "workflows": _workflows,
    "runs": _runs,
    "branch store": _store,
    "pages": _pages,
    "approval": _approval,
    "variables": _variables,
    "secrets": _secrets,
}
