"""Days of a repository that nobody gave a secret: the story that several tests read, told once for all of them."""

import pickle
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from workflows.act import ActRun, Repository

from pipelines.datasets import dataset_named, task_named
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.embedded import EmbeddedStore

TASK, DATASET = "iris_variety", "iris"


@dataclass
class Days:
    """The runs of the story by name, and the branch `store` after each."""

    today: date
    runs: dict[str, ActRun]
    heads: dict[str, str]

    @property
    def missed(self):
        """The days between the first run and the last, when nothing ran."""
        return [self.today - timedelta(days=days) for days in range(7, 0, -1)]


def tell(folder):
    """A first day, a missed week, a day of cron, and everything of that day once more."""
    folder.mkdir()
    repository = Repository(folder).create()
    days = Days(datetime.now(UTC).date(), {}, {})
    first = (days.today - timedelta(days=8)).isoformat()

    def run(name, event, workflow, **options):
        days.runs[name] = repository.run(event, workflow, **options)
        days.heads[name] = repository.store_head()

    run("first features", "workflow_dispatch", "features.yml", inputs={"dataset": "all", "date": first})
    run("inference too early", "schedule", "inference.yml")
    training = {"task": TASK, "search": "quick", "promote": "auto"}
    run("training", "workflow_dispatch", "train.yml", inputs=training)
    run("first inference", "workflow_dispatch", "inference.yml", inputs={"task": TASK, "date": first})
    run("features", "schedule", "features.yml")
    run("inference", "schedule", "inference.yml")
    run("features again", "schedule", "features.yml")
    run("inference again", "schedule", "inference.yml")
    (folder / "days.pickle").write_bytes(pickle.dumps(days))
    return days


def copy(source, target):
    """The repository as the story left it, for one test to change."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("artifacts", "home-*", "source"))
    repository = Repository(target)
    repository.point_to_own_remote()
    repository.count = 100
    return repository


def repository_of(folder):
    return Repository(folder)


def read_days(folder):
    return pickle.loads((folder / "days.pickle").read_bytes())  # noqa: S301 - written a moment ago by `tell`


def store_of(repository, folder):
    return EmbeddedStore(repository.check_out_store(folder))


def arrivals(store, name=DATASET):
    return store.read(samples_group(dataset_named(name)), where={"origin": "simulated"})


def predictions(store, task):
    return store.read(predictions_group(task_named(task)))
