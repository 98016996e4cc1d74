"""Feature groups, their expectation suites and their commits."""

# ruff: noqa: ARG001 - every handler takes the request and the project

import re
import shutil
from typing import Any

from tests.hopsworks.emulator import kafka
from tests.hopsworks.emulator.accounts import CREATED
from tests.hopsworks.emulator.http import Request, route
from tests.hopsworks.emulator.world import OWNER, Json, Project, Refusal

GROUPS = "P/featurestores/#/featuregroups"
LEGAL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
TYPES = ("string", "double", "float", "bigint", "int", "boolean", "timestamp", "date")


@route("GET", f"{GROUPS}/*")
def get(request: Request, project: Project, name: str) -> list[Json]:
    wanted = request.flag("version")
    found = [
        group
        for group in project.feature_groups.values()
        if group["name"] == name and wanted in ("", str(group["version"]))
    ]
    if not found:
        raise Refusal(404, 270009, "Feature group wasn't found.")
    return [{**group, "expectationSuite": project.suites.get(group["id"])} for group in found]


@route("POST", GROUPS)
def create(request: Request, project: Project) -> Json:
    sent = request.json()
    _check(sent, project)
    number = request.world.next_id()
    stream = sent["type"] == "streamFeatureGroupDTO"
    location = str(request.world.table(project, sent))
    topic = f"{project.id}_{number}_{sent['name']}_{sent['version']}_onlinefs"
    group = {
        **sent,
        "id": number,
        "featurestoreId": project.store_id,
        "featurestoreName": project.store_name,
        "created": CREATED,
        "creator": {"email": OWNER},
        "location": location,
        "onlineTopicName": topic,
        "transformationFunctions": [],
        "features": [{**feature, "featureGroupId": number} for feature in sent["features"]],
        "dataSource": _source(request, project, location, stream=stream),
    }
    suite = group.pop("expectationSuite", None)
    project.feature_groups[number] = group
    if suite:
        project.suites[number] = _suite(request, project, number, suite)
    if stream:
        kafka.create_topic(topic)
        _create_job(project, group)
    return {**group, "expectationSuite": project.suites.get(number)}


@route("PUT", f"{GROUPS}/*")
def update(request: Request, project: Project, number: str) -> Json:
    """Append features; a real cluster refuses to remove or to change one."""
    group, sent = _group(project, number), request.json()
    if request.flag("updateMetadata").lower() != "true":
        raise Refusal(400, 270000, "The emulator updates the features of a group and nothing else.")
    there = {feature["name"]: feature["type"] for feature in group["features"]}
    asked = {feature["name"]: feature["type"] for feature in sent["features"]}
    if any(asked.get(name) != kind for name, kind in there.items()):
        raise Refusal(400, 270091, "Features can only be appended.")
    group["features"] += [
        {**feature, "featureGroupId": group["id"]} for feature in sent["features"] if feature["name"] not in there
    ]
    return {**group, "expectationSuite": project.suites.get(group["id"])}


@route("DELETE", f"{GROUPS}/*")
def delete(request: Request, project: Project, number: str) -> None:
    group = _group(project, number)
    used = [view for view in project.feature_views.values() if view["query"]["leftFeatureGroup"]["id"] == group["id"]]
    if used and request.flag("force") != "True":
        raise Refusal(400, 270233, "The feature group is used by feature views.")
    del project.feature_groups[group["id"]]
    project.jobs.pop(_job_name(group), None)
    project.suites.pop(group["id"], None)
    shutil.rmtree(request.world.table(project, group), ignore_errors=True)


@route("POST", f"{GROUPS}/*/clear")
def clear(request: Request, project: Project, number: str) -> None:
    group = _group(project, number)
    shutil.rmtree(request.world.table(project, group), ignore_errors=True)


@route("GET", f"{GROUPS}/*/expectationsuite")
def get_suite(request: Request, project: Project, number: str) -> Json:
    return project.suites.get(_group(project, number)["id"], {"count": 0})


@route("POST", f"{GROUPS}/*/expectationsuite")
def save_suite(request: Request, project: Project, number: str) -> Json:
    group = _group(project, number)
    project.suites[group["id"]] = _suite(request, project, group["id"], request.json())
    return project.suites[group["id"]]


@route("DELETE", f"{GROUPS}/*/expectationsuite/#")
def delete_suite(request: Request, project: Project, number: str) -> None:
    project.suites.pop(_group(project, number)["id"], None)


@route("POST", f"{GROUPS}/*/commits")
def commit(request: Request, project: Project, number: str) -> Json:
    group = _group(project, number)
    commits = project.commits.setdefault(group["id"], [])
    commits.append({**request.json(), "commitID": len(commits) + 1, "href": f"commits/{len(commits) + 1}"})
    return commits[-1]


@route("GET", f"{GROUPS}/*/commits")
def commits(request: Request, project: Project, number: str) -> Json:
    items = project.commits.get(_group(project, number)["id"], [])
    return {"count": len(items), "items": items}


@route("GET", "P/featurestores/#/storageconnectors/kafka_connector/byok")
def kafka_connector(request: Request, project: Project) -> Json:
    return {
        "type": "featurestoreKafkaConnectorDTO",
        "storageConnectorType": "KAFKA",
        "id": 1,
        "name": "kafka_connector",
        "featurestoreId": project.store_id,
        "bootstrapServers": request.world.knobs.kafka_address or kafka.address(),
        "securityProtocol": "PLAINTEXT",
        "sslEndpointIdentificationAlgorithm": "",
        "options": [],
        "externalKafka": False,
    }


@route("GET", "P/featurestores/#/kafka/subjects/*/versions/latest")
def schema(request: Request, project: Project, subject: str) -> Json:
    for group in project.feature_groups.values():
        if f"{group['name']}_{group['version']}" == subject:
            return {"id": 2000 + group["id"] % 1000, "subject": subject, "version": 1, "schema": kafka.avro(group)}
    raise Refusal(404, 380003, "Subject not found.")


def _check(sent: Json, project: Project) -> None:
    name, features = sent["name"], {feature["name"]: feature for feature in sent["features"]}
    if not LEGAL_NAME.fullmatch(name):
        raise Refusal(400, 270040, f"Illegal feature group name {name}.")
    if any((group["name"], group["version"]) == (name, sent["version"]) for group in project.feature_groups.values()):
        raise Refusal(400, 270089, f"Feature group {name} version {sent['version']} exists already.")
    if not features:
        raise Refusal(400, 270088, "A feature group needs features.")
    for feature in features.values():
        if not LEGAL_NAME.fullmatch(feature["name"]):
            raise Refusal(400, 270040, f"Illegal feature name {feature['name']}.")
        if feature["type"] not in TYPES:
            raise Refusal(400, 270053, f"The emulator has no feature type {feature['type']}.")
    if sent["eventTime"] and features.get(sent["eventTime"], {}).get("type") not in ("timestamp", "date", "bigint"):
        raise Refusal(400, 270140, "The event time is no feature, or of a wrong type.")
    if not any(feature["primary"] for feature in features.values()):
        raise Refusal(400, 270150, "A feature group needs a primary key.")


def _source(request: Request, project: Project, location: str, *, stream: bool) -> Json:
    """Where the group lies: in HopsFS, or in a bucket, so that the client writes to `location` itself."""
    if stream or not request.world.knobs.direct_writes:
        return {"path": location}
    connector = {
        "type": "featurestoreS3ConnectorDTO",
        "storageConnectorType": "S3",
        "id": 3,
        "name": "offline_store",
        "featurestoreId": project.store_id,
        "bucket": "offline",
    }
    return {"path": location, "storageConnector": connector}


def _suite(request: Request, project: Project, number: int, sent: Json) -> Json:
    expectations = [{**entry, "id": request.world.next_id()} for entry in sent.get("expectations", [])]
    return {
        **sent,
        "id": request.world.next_id(),
        "featureStoreId": project.store_id,
        "featureGroupId": number,
        "expectations": expectations,
    }


def _create_job(project: Project, group: Json) -> None:
    name = _job_name(group)
    project.jobs[name] = {
        "id": group["id"],
        "name": name,
        "creationTime": CREATED,
        "jobType": "SPARK",
        "creator": {"email": OWNER},
        "config": {"type": "sparkJobConfiguration", "defaultArgs": f"-op offline_fg_materialization -path {name}"},
        "group": group["id"],
    }


def _group(project: Project, number: Any) -> Json:
    group = project.feature_groups.get(int(number))
    if group is None:
        raise Refusal(404, 270009, "Feature group wasn't found.")
    return group


def _job_name(group: Json) -> str:
    return f"{group['name']}_{group['version']}_offline_fg_materialization"
