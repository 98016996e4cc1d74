"""What the emulator knows: projects, feature groups, views, models, jobs, and how it is to misbehave."""

import itertools
import re
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

API_KEY = "emulator-key"
READ_ONLY_KEY = "read-only-key"
PROJECT = "demo"
OTHER_PROJECT = "other"
OWNER = "demo@example.org"
USER = "meb10000"

Json = dict[str, Any]


class Refusal(Exception):
    """What a handler raises to answer with an error that the client understands."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Knobs:
    """What a test can change while the emulator runs; the names are those of the control endpoint."""

    version: str = "5.2.1"
    projects: tuple[str, ...] = (PROJECT,)
    job_seconds: float = 0.0
    job_fails: int = 0
    # Seconds until rows of a finished job are seen by the query service.
    visible_after: float = 0.0
    # Rows of a job that are lost, to check that a writer looks.
    job_loses: int = 0
    query_service: bool = True
    # Whether new groups lie in a bucket, to which a client outside the cluster can write.
    direct_writes: bool = True
    flight_address: str = ""
    kafka_address: str = ""
    tag_schemas: tuple[str, ...] = ()
    administrator: bool = False
    # Where PySpark jobs run whose program names no other cluster.
    spark_master: str = "local-cluster[1,1,1024]"
    # Whether the API key may make environments.
    environments: bool = True


@dataclass
class Project:
    """One project, with everything that it owns."""

    id: int
    name: str
    feature_groups: dict[int, Json] = field(default_factory=dict)
    feature_views: dict[tuple[str, int], Json] = field(default_factory=dict)
    training_datasets: dict[tuple[str, int], list[Json]] = field(default_factory=dict)
    suites: dict[int, Json] = field(default_factory=dict)
    commits: dict[int, list[Json]] = field(default_factory=dict)
    jobs: dict[str, Json] = field(default_factory=dict)
    executions: dict[str, list[Json]] = field(default_factory=dict)
    # What is installed in each environment, by its name.
    environments: dict[str, list[str]] = field(default_factory=lambda: {"spark-feature-pipeline": []})
    models: dict[tuple[str, int], Json] = field(default_factory=dict)
    tags: dict[int, Json] = field(default_factory=dict)

    @property
    def store_id(self) -> int:
        return self.id - 52  # 119 has feature store 67, as a fresh cluster does

    @property
    def store_name(self) -> str:
        return f"{self.name}_featurestore"


class World:
    """The state of the emulator; handlers hold `lock` while they use it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = threading.RLock()
        self.knobs = Knobs()
        self.default_flight_address = ""
        # What a job finds in its environment, to reach the cluster that runs it.
        self.job_environment: dict[str, str] = {}
        self.ids = itertools.count(int(time.time()) % 1_000_000 * 1000)
        self.projects: dict[int, Project] = {}
        self.wipe()

    def wipe(self) -> None:
        """Begin anew: two projects with nothing in them."""
        with self.lock:
            for folder in ("files", "tables"):
                shutil.rmtree(self.root / folder, ignore_errors=True)
            self.projects = {number: Project(number, name) for number, name in ((119, PROJECT), (120, OTHER_PROJECT))}
            for project in self.projects.values():
                for dataset in ("Resources", "Models", "Logs"):
                    (self.files(project) / dataset).mkdir(parents=True)

    def files(self, project: Project) -> Path:
        return self.root / "files" / "Projects" / project.name

    def local(self, project: Project, path: str) -> Path:
        """Where a path of the project is on this disk; relative paths begin in the project."""
        plain = PurePosixPath("/" + re.sub("/+", "/", path).removeprefix("/"))
        home = PurePosixPath("/Projects") / project.name
        inside = plain.relative_to(home) if plain.is_relative_to(home) else plain.relative_to("/")
        if ".." in inside.parts or not inside.parts:
            raise Refusal(400, 110002, "Illegal path.")
        return self.files(project) / inside

    def table(self, project: Project, group: Json) -> Path:
        return self.root / "tables" / project.name / f"{group['name']}_{group['version']}"

    def project_named(self, name: str) -> Project | None:
        found = (project for project in self.projects.values() if project.name == name)
        return next((project for project in found if project.name in self.knobs.projects), None)

    def next_id(self) -> int:
        return next(self.ids)
