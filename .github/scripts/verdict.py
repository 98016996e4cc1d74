"""Keep one comment on a pull request in step with what its own code says about its models.

It runs after the workflow Compare; the event file says which run that was. The pull request ran untrusted code, without
secrets and with a token that can only read. What it left is data (see `comparison_result`), and which pull request it
belongs to is asked of GitHub, never of the data. This script is that of the default branch.
"""
# ruff: noqa: INP001, T201 - a script beside the workflows, which talks to the log of a job

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from comparison_result import Comparison, ComparisonError, named, read_comparison
from github_rest import BOT, ArtifactError, GitHub, GitHubError

ARTIFACT, FILE, NOTEBOOKS = "comparison", "comparison.json", "comparison-notebooks"
MOST_BYTES = 10**6
MARK = "<!-- verdict -->"
TITLE = "### Does this change make the models better?"
SHORT = 12  # characters that name a commit
SAID = "The numbers are what the code of this pull request says about itself; promotion compares again."
ON_HOPSWORKS = (
    "The champions of this repository are on Hopsworks, and no code of a pull request gets its key. What stands here "
    "is set against the branch `store` as it was left or, where that is gone, against the simplest answer alone. "
    "*Train model* with `auto`, after the merge, decides against the champion on Hopsworks."
)

# The workflow of the default branch that offers every task.
OFFERED = Path(__file__).parents[1] / "workflows" / "promote.yml"

_TASKS = re.compile(r"# registry: tasks .*?\n(.*?)# registry end", re.DOTALL)

Event = Mapping[str, Any]


def known_tasks(workflow: str) -> list[str]:
    """The tasks that a workflow of the default branch offers, from the text of its file."""
    choices = _TASKS.search(workflow)
    return re.findall(r'- "(\w+)"', choices[1]) if choices else []


def pull_requests(github: GitHub, run: Event, branch: str) -> list[int]:
    """The open pull requests into `branch` whose newest commit a run was about.

    The event of a run does not name those that come from a fork.
    """
    source = run["head_repository"] or {}
    if not source:
        return []
    pulls = github.pages("pulls", state="open", base=branch, head=f"{source['owner']['login']}:{run['head_branch']}")
    return [each["number"] for each in pulls if _belongs(each, run, source)]


def _belongs(request: Mapping[str, Any], run: Event, source: Mapping[str, Any]) -> bool:
    head = request["head"]
    return bool(head["sha"] == run["head_sha"] and head["repo"] and head["repo"]["full_name"] == source["full_name"])


def keep_comment(github: GitHub, number: int, text: str) -> str:
    """Write the comment, or bring it up to date; returns what was done, in a few words."""
    comments = github.pages(f"issues/{number}/comments")
    own = next((each for each in comments if each["user"]["login"] == BOT and MARK in (each["body"] or "")), None)
    if own is None:
        github.send("POST", f"issues/{number}/comments", body=text)
        return f"#{number}: commented"
    if own["body"] != text:
        github.send("PATCH", f"issues/comments/{own['id']}", body=text)
        return f"#{number}: the comment is up to date now"
    return f"#{number}: the comment was up to date"


def verdict(github: GitHub, run: Event, tasks: Sequence[str], *, on_hopsworks: bool = False) -> str:
    """The text of the comment about a run; `on_hopsworks` is whether the repository keeps its champions there."""
    address = f"[the run]({run['html_url']})"
    try:
        content = github.artifact(run["id"], ARTIFACT, FILE, MOST_BYTES)
        if content is None:
            return _page(f"The models could not be compared; {address} says why.")
        comparisons, failed, unknown = read_comparison(content, tasks)
    except (ArtifactError, ComparisonError) as error:
        return _page(f"The result of {address} cannot be used. {error}")
    notebooks = github.newest_artifact(run["id"], NOTEBOOKS)
    kept = f" · [the executed notebooks]({run['html_url']}/artifacts/{notebooks['id']})" if notebooks else ""
    return _page(
        _headline(comparisons),
        ON_HOPSWORKS if on_hopsworks else "",
        *([_bullets(each.sentence for each in comparisons)] if comparisons else []),
        *([f"Could not be trained: {', '.join(f'`{task}`' for task in failed)}."] if failed else []),
        *([f"{unknown} of its tasks are not known to the default branch yet."] if unknown else []),
        _scores_table(comparisons),
        _models_table(comparisons),
        *(_confusions(each) for each in comparisons if each.confusion),
        f"Trained at {run['head_sha'][:SHORT]} (quick search, store of the default branch): {address}{kept}. {SAID}",
    )


def _page(*parts: str) -> str:
    return "\n\n".join([MARK, TITLE, *filter(None, parts)])


def _headline(comparisons: Sequence[Comparison]) -> str:
    better, worse = (sum(each.verdict == word for each in comparisons) for word in ("better", "worse"))
    return (
        f"**{better} of {len(comparisons)} surely better, {worse} surely worse**"
        if comparisons
        else "Nothing was compared."
    )


def _bullets(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows] if rows else []
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _scores_table(comparisons: Sequence[Comparison]) -> str:
    """The deciding score of each task; the others folded."""
    decide = [_score_row(each, each.scorer) for each in comparisons if each.scores]
    others = [_score_row(each, name) for each in comparisons for name in each.scores if name != each.scorer]
    header = ("Task", "Score", "Champion", "This change", "Difference (95 %)", "Unseen rows")
    return "\n\n".join([_table(header, decide), _folded("Other scores", _table(header, others))]) if decide else ""


def _score_row(each: Comparison, name: str) -> Sequence[object]:
    score = each.scores[name]
    return f"`{each.task}`", named(name), f"{score.before:.3f}", f"{score.after:.3f}", score.words, f"{each.rows:,}"


def _models_table(comparisons: Sequence[Comparison]) -> str:
    rows = [
        (f"`{each.task}`", f"{each.seconds:.0f} s", _both(each.sizes, 1e6), _both(each.times, 1))
        for each in comparisons
    ]
    header = ("Task", "Training", "MB: champion, this change", "ms for 1,000 rows: champion, this change")
    return _folded("Time and size of the models", _table(header, rows)) if rows else ""


def _both(values: Mapping[str, float], unit: float) -> str:
    return ", ".join(f"{values[side] / unit:.3g}" if side in values else "-" for side in ("before", "after"))


def _confusions(each: Comparison) -> str:
    tables = [
        f"{words} (true classes in rows, answers in columns)\n\n"
        + _table(
            ("", *each.classes), [(name, *row) for name, row in zip(each.classes, each.confusion[side], strict=True)]
        )
        for side, words in (("before", f"Champion, version {each.champion}"), ("after", "This change"))
    ]
    return _folded(f"Confusion of {each.task}", "\n\n".join(tables))


def _folded(title: str, markdown: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{markdown}\n\n</details>"


def main(environ: Mapping[str, str]) -> int:
    """Comment on the pull requests of the run. Returns 0, or 1 where GitHub refused."""
    event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    github, run, on_hopsworks = GitHub(environ), event["workflow_run"], environ.get("ON_HOPSWORKS") == "true"
    try:
        numbers = pull_requests(github, run, event["repository"]["default_branch"])
        tasks = known_tasks(OFFERED.read_text(encoding="utf-8"))
        text = verdict(github, run, tasks, on_hopsworks=on_hopsworks) if numbers else ""
        done = [keep_comment(github, number, text) for number in numbers]
    except GitHubError as error:
        print(f"::error::{error}")
        return 1
    print("\n".join(done) or f"No open pull request has {run['head_sha'][:SHORT]} as its newest commit.")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
