"""The Spark session of a process, on the cluster that the settings or Spark's own configuration name."""

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.errors import SettingError

ROOT = Path(__file__).parents[3]

CONFIGURATION = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Each file of answers is written to the store by the driver, in the memory that so many rows take.
    "spark.sql.files.maxRecordsPerFile": "200000",
}


@cache
def spark_session(master: str) -> Any:  # noqa: ANN401 - pyspark has types of its own only where it is installed
    """The session, which starts with the first call and has the code of this project on every worker.

    Parameters
    ----------
    master
        The address of the cluster; empty for that of Spark's own configuration, which without one is this machine.

    Raises
    ------
    SettingError
        PySpark is not installed, or there is no Java.
    """
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - whatever does without a session does without it
    except ImportError as error:
        raise SettingError(
            "ENGINE is 'spark' and pyspark is not installed; run: make spark, or unset ENGINE."
        ) from error
    if not (shutil.which("java") or "JAVA_HOME" in os.environ):
        raise SettingError("ENGINE is 'spark' and there is no Java; install Java 17 or later, or unset ENGINE.")
    # Workers would otherwise take whatever Python is first on their path; on a cluster its own setting stands.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("serverless-ml")
    for name, value in (CONFIGURATION | ({"spark.master": master} if master else {})).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    # Workers fetch it when they first need it, so that it stays as long as this process does.
    folder = Path(tempfile.mkdtemp(prefix="serverless-ml-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    session.sparkContext.addPyFile(shutil.make_archive(str(folder / "pipelines"), "zip", ROOT, "pipelines"))
    return session
