"""Jobs: those that move rows from Kafka into the table, after a while, or not, and PySpark programs of the project."""

# ruff: noqa: ARG001 - every handler takes the request and the project

import datetime as dt
import threading
import time
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, Field, write_deltalake

from tests.hopsworks.emulator import kafka, submission
from tests.hopsworks.emulator.accounts import CREATED
from tests.hopsworks.emulator.http import PREFIX, Request, route
from tests.hopsworks.emulator.world import OWNER, USER, Json, Project, Refusal, World

EXECUTIONS = "P/jobs/*/executions"
_ENDED = {"state": "FINISHED", "finalStatus": "SUCCEEDED", "progress": 1.0}
_ARROW_TYPES = {
    "string": pa.string(),
    "double": pa.float64(),
    "float": pa.float32(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}


@route("GET", "P/jobs/*")
def get(request: Request, project: Project, name: str) -> Json:
    return {**_job(project, name), "href": f"https://localhost{PREFIX}project/{project.id}/jobs/{name}"}


@route("GET", EXECUTIONS)
def executions(request: Request, project: Project, name: str) -> Json:
    found = list(reversed(project.executions.get(_job(project, name)["name"], [])))
    shown = found[: int(request.flag("limit", "1000"))]
    return {"count": len(found), "items": shown} if found else {"count": 0}


@route("GET", f"{EXECUTIONS}/*")
def execution(request: Request, project: Project, name: str, number: str) -> Json:
    for found in project.executions.get(_job(project, name)["name"], []):
        if found["id"] == int(number):
            return found
    raise Refusal(404, 130010, "Execution not found.")


@route("POST", EXECUTIONS)
def start(request: Request, project: Project, name: str) -> Json:
    job, made = _job(project, name), _new_execution(request, project, name)
    if "group" not in job:
        threading.Thread(target=submission.run, args=(request.world, project, job, made), daemon=True).start()
        return made
    # The job reads what was sent before it began, and nothing that comes while it runs.
    topic = project.feature_groups[job["group"]]["onlineTopicName"]
    values = kafka.broker().take(topic)
    threading.Thread(target=_run, args=(request.world, project, job, made, values), daemon=True).start()
    return made


@route("GET", "P/jobs/pyspark/configuration")
def configuration(request: Request, project: Project) -> Json:
    return {
        "type": "sparkJobConfiguration",
        "environmentName": "spark-feature-pipeline",
        "spark.driver.memory": 2048,
        "spark.executor.instances": 1,
        "spark.executor.memory": 4096,
        "spark.dynamicAllocation.enabled": True,
    }


@route("PUT", "P/jobs/*")
def put(request: Request, project: Project, name: str) -> Json:
    """Make a job, or give the one that is there another configuration."""
    config = request.json()
    script = config.get("appPath", "").removeprefix("hdfs://")
    if not script.endswith(".py") or not request.world.local(project, script).is_file():
        raise Refusal(400, 130004, "The program of the job does not exist.")
    if config.get("environmentName") not in project.environments:
        raise Refusal(404, 300000, "The environment of the job does not exist.")
    there = project.jobs.get(name) or {"id": request.world.next_id(), "name": name, "creationTime": CREATED}
    project.jobs[name] = {**there, "config": config, "jobType": "PYSPARK", "creator": {"email": OWNER}}
    return get(request, project, name)


@route("POST", "P/featurestores/#/featuregroups/*/updatetableschema")
def update_table_schema(request: Request, project: Project, number: str) -> Json:
    """The job that gives a table the features appended to its group; here it has ended when the answer is sent."""
    group = project.feature_groups[int(number)]
    path, name = str(request.world.table(project, group)), f"{group['name']}_{group['version']}_update_table_schema"
    with request.world.lock:
        if DeltaTable.is_deltatable(path):
            table = DeltaTable(path)
            there = pa.schema(table.schema().to_arrow()).names
            lacking = [Field.from_arrow(field) for field in _arrow_schema(group) if field.name not in there]
            if lacking:
                table.alter.add_columns(lacking)
    job = {"id": request.world.next_id(), "name": name, "jobType": "SPARK", "config": {}, "group": group["id"]}
    project.jobs[name] = {**job, "creationTime": CREATED, "creator": {"email": OWNER}}
    _new_execution(request, project, name).update(_ENDED)
    return {**project.jobs[name], "href": f"https://localhost{PREFIX}project/{project.id}/jobs/{name}"}


def _new_execution(request: Request, project: Project, name: str) -> Json:
    """An execution that runs. Its logs are there, because the client waits six minutes for them when it has ended."""
    number = request.world.next_id()
    logs = request.world.files(project) / "Logs" / str(number)
    logs.mkdir()
    for kind in ("out", "err"):
        (logs / f"std{kind}.log").touch()
    made = {
        "id": number,
        "state": "RUNNING",
        "finalStatus": "UNDEFINED",
        "submissionTime": dt.datetime.now(dt.UTC).isoformat(),
        "args": request.body.decode(),
        "stdoutPath": f"/Projects/{project.name}/Logs/{number}/stdout.log",
        "stderrPath": f"/Projects/{project.name}/Logs/{number}/stderr.log",
        "hdfsUser": f"{project.name}__{USER}",
        "appId": f"application_{number}",
        "duration": 0,
        "progress": 0.0,
        "href": f"https://localhost{PREFIX}project/{project.id}/jobs/{name}/executions/{number}",
    }
    project.executions.setdefault(name, []).append(made)
    return made


def _run(world: World, project: Project, job: Json, made: Json, values: list[bytes]) -> None:
    time.sleep(world.knobs.job_seconds)
    group = project.feature_groups[job["group"]]
    with world.lock:
        failed = world.knobs.job_fails > 0
        world.knobs.job_fails -= failed
        lost, world.knobs.job_loses = world.knobs.job_loses, 0
    status = "FAILED"
    if failed:
        kafka.broker().put_back(group["onlineTopicName"], values)
    else:
        delay = world.knobs.visible_after
        rows = kafka.decode(group, values)[lost:]
        threading.Timer(delay, materialise, (world, project, group, rows)).start() if delay else materialise(
            world, project, group, rows
        )
        status = "SUCCEEDED"
    with world.lock:
        made |= {"state": "FINISHED" if status == "SUCCEEDED" else "FAILED", "finalStatus": status, "progress": 1.0}


def materialise(world: World, project: Project, group: Json, rows: list[Json]) -> None:
    """Merge rows into the table of a feature group by key and event time; of equal ones the last wins."""
    if not rows:
        return
    key = [feature["name"] for feature in group["features"] if feature["primary"]]
    key += [group["eventTime"]] if group["eventTime"] and group["eventTime"] not in key else []
    rows = list({tuple(row[name] for name in key): row for row in rows}.values())
    batch = pa.Table.from_pylist(_naive(rows), schema=_arrow_schema(group))
    path = str(world.table(project, group))
    with world.lock:
        if world.projects.get(project.id) is not project:
            return  # the world was wiped meanwhile
        if not DeltaTable.is_deltatable(path):
            write_deltalake(path, batch)
            return
        merge = DeltaTable(path).merge(
            batch,
            predicate=" AND ".join(f"old.{name} = new.{name}" for name in key),
            source_alias="new",
            target_alias="old",
        )
        merge.when_matched_update_all().when_not_matched_insert_all().execute()


def _arrow_schema(group: Json) -> pa.Schema:
    return pa.schema([(feature["name"], _ARROW_TYPES[feature["type"]]) for feature in group["features"]])


def _naive(rows: list[Json]) -> list[Json]:
    return [{name: _without_zone(value) for name, value in row.items()} for row in rows]


def _without_zone(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value


def _job(project: Project, name: str) -> Json:
    if name not in project.jobs:
        raise Refusal(404, 130009, "Job not found.")
    return project.jobs[name]
