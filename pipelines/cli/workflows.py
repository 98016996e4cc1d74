"""The choices of data sets and tasks that the buttons on GitHub offer, kept as the registry has them.

A workflow takes its inputs from its own file, so the names have to stand there: between two lines of comment, which
say what belongs between them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.datasets import broken_datasets, found_datasets
from pipelines.errors import DeclarationError, NotReadyError
from pipelines.stores.embedded.folder import write_atomically

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
WRITE = "python -m pipelines workflows --write"
EVERYTHING = "all"

_BEGIN = re.compile(r"^(?P<indent> *)# registry: (?P<kind>[a-z ]+?)( \(.*\))?$")
_END = "# registry end"


def write_choices(folder: Path = WORKFLOWS) -> list[str]:
    """Bring the files in step with the registry; returns the names of those that changed.

    Raises
    ------
    DeclarationError
        A data set cannot be used, so that its choices would be lost.
    NotReadyError
        There are no such files, or their lines of comment are not as they must be.
    """
    changed = stale_choices(folder)
    for name, text in changed.items():
        write_atomically(folder / name, text.encode())
    return list(changed)


def stale_choices(folder: Path = WORKFLOWS) -> dict[str, str]:
    """The text that each file should have which offers other choices than the registry has, by its name.

    Raises
    ------
    DeclarationError, NotReadyError
        As for `write_choices`.
    """
    for error in broken_datasets().values():
        raise DeclarationError(f"No workflow would offer a data set that is there. {error}")
    texts = {path.name: path.read_bytes().decode() for path in sorted(folder.glob("*.yml"))}
    if not texts:
        raise NotReadyError(f"There are no workflows in {folder}; run this in a clone of the repository.")
    wanted = {name: _with_choices(name, text) for name, text in texts.items()}
    return {name: text for name, text in wanted.items() if text != texts[name]}


def _kinds() -> Mapping[str, Iterable[str]]:
    # All that are found: the files are the same whatever DATASETS is where they are written.
    datasets = [dataset.name for dataset in found_datasets()]
    tasks = [task.name for dataset in found_datasets() for task in dataset.tasks]
    return {
        "all and data sets": [EVERYTHING, *datasets],
        "all and tasks": [EVERYTHING, *tasks],
        "tasks": tasks,
    }


def _with_choices(file: str, text: str) -> str:
    """The text of a workflow whose lines between the comments are what the registry has."""
    lines = iter(text.splitlines(keepends=True))
    written: list[str] = []
    for line in lines:
        written.append(line)
        begin = _BEGIN.match(line.rstrip("\r\n"))
        if begin:
            written += [*_choices(file, begin), _skip_to_end(file, lines)]
    return "".join(written)


def _choices(file: str, begin: re.Match[str]) -> list[str]:
    kinds = _kinds()
    if begin["kind"] not in kinds:
        raise NotReadyError(f"{file} asks for {begin['kind']!r}; a registry line can say {', '.join(kinds)}.")
    # In quotes, because YAML takes names such as `on` and `no` for something else.
    return [f"{begin['indent']}- {json.dumps(name)}\n" for name in kinds[begin["kind"]]]


def _skip_to_end(file: str, lines: Iterable[str]) -> str:
    for line in lines:
        if line.strip() == _END:
            return line
        if not line.strip().startswith("- "):
            break
    raise NotReadyError(f"A line '# registry: ...' of {file} has no '{_END}' below its choices; put it back there.")
