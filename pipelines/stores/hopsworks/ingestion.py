"""Writing rows: types exactly as the feature group has them, and waiting until they are in the table."""

import time

import pandas as pd

from pipelines.errors import StoreError, StoreUnavailable
from pipelines.stores.base import FeatureGroup
from pipelines.stores.hopsworks.handles import Handle

# A Spark job starts in one to three minutes and works for seconds; a busy cluster may queue it.
JOB_SECONDS = 1200.0
FIRST_POLL, LONGEST_POLL = 0.2, 5.0

_RUNNING, _NEVER_RUN = "UNDEFINED", "never run"
_DONE = ("SUCCEEDED", "FINISHED")

# librdkafka would try for five minutes to deliver; the retries around this module do that better.
KAFKA_SECONDS = 30

_DTYPES = {"string": "string[python]", "double": "Float64", "bigint": "Int64"}


def insert(remote: Handle, group: FeatureGroup, rows: pd.DataFrame) -> None:
    """Write rows and, where a job has to move them into the table, see that one does after they were sent."""
    remote.insert(
        exact(rows, group),
        write_options={
            "wait_for_job": False,
            "start_offline_materialization": False,
            "kafka_producer_config": {
                "message.timeout.ms": KAFKA_SECONDS * 1000,
                # Its complaints go to the terminal past all that could be redirected; errors are raised anyway.
                "log_level": 0,
            },
        },
        validation_options={"run_validation": False, "save_report": False, "fetch_expectation_suite": False},
    )
    if remote.stream:
        materialise(remote)


def exact(rows: pd.DataFrame, group: FeatureGroup) -> pd.DataFrame:
    """Rows in the types that the client takes for those of the group, since it widens nothing.

    Missing values are NA in every column: a float NaN would be written to Kafka as a number. Times are naive UTC.
    """
    typed = {}
    for column in group.columns:
        values = rows[column.name]
        typed[column.name] = (
            values.dt.tz_convert(None).astype("datetime64[us]")
            if column.type == "timestamp"
            else values.astype(_DTYPES[column.type])
        )
    return pd.DataFrame(typed)


def materialise(remote: Handle) -> None:
    """Run the job that moves rows from Kafka into the table, and wait for it.

    A job that runs already is waited for, and another one started.

    Raises
    ------
    StoreUnavailable
        The job is not done in time; the rows stay in Kafka for the next one.
    StoreError
        The job failed; the rows stay in Kafka for the next one.
    """
    deadline = time.monotonic() + JOB_SECONDS
    job = remote.materialization_job
    # None: a run is going on, and may have begun before our rows were sent.
    while job.run(args=job.config.get("defaultArgs", ""), await_termination=False) is None:
        _await_end(job, deadline)
    state = _await_end(job, deadline)
    if state not in _DONE:
        raise StoreError(
            f"The job {job.name} ended as {state}, so rows of {remote.name} are still in Kafka. Look at its log in "
            f"Hopsworks ({job.get_url()}), and run this again: it starts the job anew."
        )


def _await_end(job: Handle, deadline: float) -> str:
    """Wait until no run of the job is going on; how the last one ended."""
    pause = FIRST_POLL
    while (state := _final_state(job)) == _RUNNING:
        if time.monotonic() > deadline:
            raise StoreUnavailable(
                f"The job {job.name} is not done after {JOB_SECONDS / 60:.0f} minutes. "
                f"Look at it in Hopsworks ({job.get_url()}), and run this again; no row is lost."
            )
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_POLL)
    return state


def _final_state(job: Handle) -> str:
    from hopsworks_common.client.exceptions import JobException  # noqa: PLC0415 - the client is loaded when it is used

    try:
        return str(job.get_final_state())
    except JobException:
        return _NEVER_RUN
