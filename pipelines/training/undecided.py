"""Which version nobody has decided on: what a training leaves that was killed after it had registered one.

Also one that has become champion, as long as that is not written down: the repeat would else train its twin.
"""

import logging

from pipelines.datasets import Task
from pipelines.documents import Damaged
from pipelines.documents.decision import decision_text, parse_decision
from pipelines.models import Model
from pipelines.stores.base import Store
from pipelines.training.data import load_training_data

log = logging.getLogger(__name__)


def undecided_version(store: Store, task: Task) -> int | None:
    """The newest version, if it came after the last one that was decided on.

    A store that was made before decisions were written down counts as decided once it has had another champion.
    """
    newest = max(store.versions(task.name), default=None)
    if newest is None:
        return None
    decided = _decided(store, task)
    if decided is None:
        return newest if {entry.version for entry in store.champion_log(task.name)} <= {newest} else None
    return newest if newest > decided else None


def remember_decision(store: Store, task: Task, version: int, sentence: str) -> None:
    """Write down that a version was decided on, and why as it was."""
    store.put_file(_file(task), decision_text({"version": version, "sentence": sentence}))


def is_repeat(store: Store, task: Task, model: Model, *, size: str, seed: int) -> bool:
    """Whether training again would make a twin of this version: the same search over the same rows."""
    searched = model.info["search"]
    same_search = (searched["size"], searched["seed"]) == (size, seed)
    return bool(same_search and model.info["data"]["fingerprint"] == load_training_data(store, task).fingerprint)


def _decided(store: Store, task: Task) -> int | None:
    content = store.get_file(_file(task))
    try:
        return None if content is None else parse_decision(content)["version"]
    except Damaged as error:
        log.warning(
            "%s in %s is damaged (%s); the next training writes it anew: python -m pipelines train %s",
            _file(task), store.location, error, task.name,
        )  # fmt: skip
        return None


def _file(task: Task) -> str:
    return f"decisions/{task.name}.json"
