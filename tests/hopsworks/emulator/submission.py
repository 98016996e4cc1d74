"""PySpark programs of a project: each run is a `spark-submit` of its own, on a cluster of worker processes here."""

import importlib.util
import os
import shlex
import subprocess
import sys
from pathlib import Path

from tests.hopsworks.emulator.world import Json, Project, World

CONFIGURATION = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    # Compiling costs more than the few rows of a test ever give back.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "2",
}
# As the command line of whoever started the emulator may have them; a job of a cluster sees none of these.
NOT_THEIRS = ("HOPS", "STORE", "ENGINE", "DATASETS", "PYSPARK_", "SPARK_")


def run(world: World, project: Project, job: Json, made: Json) -> None:
    """Run the program of a job to its end, and write down how that was."""
    with world.lock:
        failed = world.knobs.job_fails > 0
        world.knobs.job_fails -= failed
        master = world.knobs.spark_master
    state = "FAILED" if failed else _submitted(world, project, job, made, master)
    with world.lock:
        made |= {"state": "FINISHED" if state == "SUCCEEDED" else state, "finalStatus": state, "progress": 1.0}


def _submitted(world: World, project: Project, job: Json, made: Json, master: str) -> str:
    program = world.local(project, job["config"]["appPath"].removeprefix("hdfs://"))
    settings = [f"--conf={name}={value}" for name, value in CONFIGURATION.items()]
    arguments = shlex.split(made["args"] or job["config"].get("defaultArgs") or "")
    command = [_pyspark() / "bin" / "spark-submit", "--master", master, *settings, program, *arguments]
    folder = world.local(project, made["stdoutPath"]).parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_THEIRS)}
    environment |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", **world.job_environment}
    with (folder / "stdout.log").open("wb") as out, (folder / "stderr.log").open("wb") as err:
        # In a folder of its own, where no module of this repository lies around.
        ended = subprocess.run(command, cwd=folder, env=environment, stdout=out, stderr=err, check=False)
    return "FAILED" if ended.returncode else "SUCCEEDED"


def _pyspark() -> Path:
    found = importlib.util.find_spec("pyspark")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent
