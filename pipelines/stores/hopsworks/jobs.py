"""PySpark jobs of the project: the code of this repository, run by the Spark of the cluster.

A program is one file that holds the code it runs, so that nothing else has to find its way to the driver, and a job
never runs one half of a version with the other half of another.
"""

import base64
import io
import logging
import re
import time
import tomllib
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import cast

from pipelines.errors import StoreError
from pipelines.stores.hopsworks.connection import operation
from pipelines.stores.hopsworks.files import StoredFiles
from pipelines.stores.hopsworks.folders import HOME
from pipelines.stores.hopsworks.handles import Handle

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[3]
JOBS = f"{HOME}/jobs"

# A project may have an environment for Spark that begins as a copy of this one, and no other.
BASE_ENVIRONMENT = "spark-feature-pipeline"
ENVIRONMENT = "serverless_ml"
# What was installed last, written when it was.
INSTALLED = f"{JOBS}/installed.txt"

# A driver takes a minute to start.
FIRST_POLL, LONGEST_POLL = 1.0, 10.0

# Where these ended, the final status of an execution may stay undefined.
_NEVER_STARTED = ("FRAMEWORK_FAILURE", "APP_MASTER_START_FAILED", "INITIALIZATION_FAILED")

_PROGRAM = '''\
"""`{module}` of serverless-ml with all the code that it takes; each run of a newer version replaces this file."""
import base64, io, sys, tempfile, zipfile

CODE = "{code}"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(io.BytesIO(base64.b64decode(CODE))).extractall(folder)
        sys.path.insert(0, folder)
        from {module} import main

        main(sys.argv[1:])
'''


@dataclass(frozen=True)
class Ended:
    """How a run of a job ended: its state, where its log is, and what it reported; nothing where it did not."""

    success: bool
    state: str
    log: str
    report: bytes | None


class SparkJobs(StoredFiles):
    """PySpark jobs of the project."""

    def run_job(self, name: str, module: str, arguments: Sequence[str]) -> Ended:
        """Run the `main` of a module on the cluster's Spark, and wait for the end.

        The job of this name is made, or brought up to date and used again. Any number of its runs may go on at the
        same time. `main` is given the arguments, none with blanks, and `--run ID` for `report_run`.
        """
        run, environment = uuid.uuid4().hex, self._environment()
        execution = self._start_job(name, module, environment, " ".join([*arguments, "--run", run]))
        ended = self._await_job(name, execution)
        state = ended.state if ended.final_status in (None, "UNDEFINED") else ended.final_status
        log_file = f"{ended.stderr_path} ({execution.get_url()})"
        return Ended(bool(ended.success), str(state), log_file, self._take_report(run))

    @operation("report what the job {} did")
    def report_run(self, run: str, content: bytes) -> None:
        """Inside a job: leave what it has to say for who started it."""
        self.folders.replace(_report(run), content)

    @operation("fetch the report of the job {}")
    def _take_report(self, run: str) -> bytes | None:
        folders = self.folders
        content = folders.read(_report(run))
        folders.remove(_report(run))
        return content

    def _environment(self) -> str:
        """The environment for jobs, made where there is none; empty for the cluster's own where it cannot be made."""
        try:
            self._make_environment(ENVIRONMENT)
        except StoreError as error:
            log.warning("%s The job runs in the cluster's own environment for Spark instead.", error)
            return ""
        return ENVIRONMENT

    @operation("make the environment {}")
    def _make_environment(self, name: str) -> None:
        """See that there is an environment with the packages that are installed here, in these versions."""
        api, wanted, folders = self.connection.project.get_environment_api(), _requirements().encode(), self.folders
        there = api.get_environment(name)
        if there is not None and folders.read(INSTALLED) == wanted:
            return
        log.info("The environment %s is being made, which takes some minutes.", name)
        try:
            there = there or api.create_environment(name, base_environment_name=BASE_ENVIRONMENT)
        except Exception:
            # Another run may have made it in between.
            there = api.get_environment(name)
            if there is None:
                raise
        folders.replace(f"{JOBS}/requirements.txt", wanted)
        there.install_requirements(f"{JOBS}/requirements.txt")
        folders.replace(INSTALLED, wanted)

    @operation("start the job {}")
    def _start_job(self, name: str, module: str, environment: str, arguments: str) -> Handle:
        program, path, folders = _program(module), f"{JOBS}/{name}.py", self.folders
        if folders.read(path) != program:
            folders.replace(path, program)
        jobs = self.connection.project.get_job_api()
        there = jobs.get_job(name)
        # What a person has set since, such as the memory of the driver, stays.
        config = (there.config if there else jobs.get_configuration("PYSPARK")) | {"appPath": path}
        job = jobs.create_job(name, config | ({"environmentName": environment} if environment else {}))
        return job.run(args=arguments, await_termination=False)

    def _await_job(self, name: str, execution: Handle) -> Handle:
        pause, state = FIRST_POLL, ""
        while (now := self._look_at_job(name, execution)).success is None and now.state not in _NEVER_STARTED:
            if now.state != state:
                state = now.state
                log.info("The job %s is %s: %s", name, state, execution.get_url())
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL)
        return now

    @operation("look at the job {}")
    def _look_at_job(self, name: str, execution: Handle) -> Handle:  # noqa: ARG002 - named in the error
        # The public ways ask for all runs that ever were, or for the last, which may be another's.
        return execution._execution_api._get(execution._job, execution.id)  # noqa: SLF001


def _report(run: str) -> str:
    return f"{JOBS}/reports/{run}.json"


def _program(module: str) -> bytes:
    """A program that runs the `main` of a module; the same code makes the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted((ROOT / "pipelines").rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                about = zipfile.ZipInfo(path.relative_to(ROOT).as_posix())
                archive.writestr(about, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return _PROGRAM.format(module=module, code=base64.b64encode(packed.getvalue()).decode()).encode()


def _requirements() -> str:
    """What this project needs with Hopsworks, as it is installed here; a model is refused by another scikit-learn."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*declared["project"]["dependencies"], *declared["dependency-groups"]["hopsworks"]]
    names = [cast("re.Match[str]", re.match(r"([\w.-]+)(\[[\w,]+\])?", each)) for each in needed]
    return "".join(f"{name[0]}=={version(name[1])}\n" for name in names)
