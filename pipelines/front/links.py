"""Where the parts of the system are to be found, as far as the document tells."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pipelines.documents.metrics import Parts

RUNS = "/actions/runs/"


@dataclass(frozen=True)
class Links:
    """Addresses, empty where they are not known.

    Attributes
    ----------
    run
        The log of the run that predicted last.
    repository, site
        The repository of the workflows, and its static page.
    predict, monitor
        The Spaces.
    versions
        The folder of the registered versions, by task, where a browser can look into it.
    """

    run: str = ""
    repository: str = ""
    site: str = ""
    predict: str = ""
    monitor: str = ""
    versions: str = ""

    @property
    def docs(self) -> str:
        """What to do when something is wrong."""
        return f"{self.repository}/blob/main/docs/monitoring.md" if self.repository else ""

    @property
    def promote(self) -> str:
        """Where a person moves the champion."""
        return f"{self.repository}/actions/workflows/promote.yml" if self.repository else ""


def links_of(document: Parts) -> Links:
    """What the document knows: the run from its newest prediction, the repository and its page from that run."""
    newest = [task["recent"][0] for task in document["tasks"].values() if task["recent"]]
    told = max(((str(row["predicted_at"]), row["run_url"] or "") for row in newest), default=("", ""))[1]
    run = told if told.startswith(("https://", "http://")) else ""
    addresses = document.get("links", {})
    repository = addresses.get("repository") or (run.split(RUNS)[0] if RUNS in run else "")
    versions = f"{repository}/blob/store/models" if repository and _on_a_branch(document) else ""
    site = addresses.get("site") or _pages(repository)
    return Links(run, repository, site, addresses.get("predict", ""), addresses.get("monitor", ""), versions)


def _on_a_branch(document: Parts) -> bool:
    """Whether the store is a branch of the repository: it is a folder, and a workflow has written to it."""
    return "store" in document and document["store"]["kind"] == "embedded"


def _pages(repository: str) -> str:
    """Where GitHub Pages puts the page of a repository; empty where it is not on GitHub."""
    parts = urlsplit(repository)
    owner, _, name = parts.path.strip("/").partition("/")
    return f"https://{owner.lower()}.github.io/{name}/" if parts.hostname == "github.com" and name else ""
