"""Logging in: versions, projects, credentials, cluster variables, the feature store itself."""

# ruff: noqa: ARG001 - every handler takes the request and the project

import datetime as dt
from typing import Any

from tests.hopsworks.emulator.certificates import PASSWORD, SERVICE_DOMAIN
from tests.hopsworks.emulator.http import Request, route
from tests.hopsworks.emulator.world import OWNER, USER, Json, Project, Refusal

CREATED = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@route("GET", "variables/versions")
def versions(request: Request) -> list[Json]:
    return [{"software": "hopsworks", "version": request.world.knobs.version}]


@route("GET", "variables/*")
def variable(request: Request, name: str) -> Json:
    knobs = request.world.knobs
    values = {
        "service_discovery_domain": SERVICE_DOMAIN,
        "enable_flyingduck": str(knobs.query_service).lower(),
        "loadbalancer_external_domain_feature_query": knobs.flight_address or request.world.default_flight_address,
    }
    if name not in values:
        raise Refusal(404, 100058, f"There is no variable {name}.")
    return {"successMessage": values[name]}


@route("GET", "project")
def projects(request: Request) -> list[Json]:
    user = {"uid": 1, "username": USER, "email": OWNER}
    return [
        {"user": user, "project": {"name": project.name, "id": project.id, "owner": {"uid": 1}}}
        for project in request.world.projects.values()
        if project.name in request.world.knobs.projects
    ]


@route("GET", "project/getProjectInfo/*")
def project_info(request: Request, name: str) -> Json:
    project = request.world.project_named(name)
    if project is None:
        raise Refusal(404, 150004, "No project was found.")
    return {
        "projectId": project.id,
        "projectName": project.name,
        "owner": OWNER,
        "description": "",
        "created": CREATED,
    }


@route("GET", "P/credentials")
def credentials(request: Request, project: Project) -> Json:
    certificates = request.certificates
    return {
        "kStore": certificates.key_store(),
        "tStore": certificates.trust_store(),
        "password": PASSWORD,
        "caChain": certificates.authority.certificate_pem,
        "clientCert": certificates.client.certificate_pem,
        "clientKey": certificates.client.key_pem,
        "fileExtension": "jks",
    }


@route("GET", "P/featurestores")
def feature_stores(request: Request, project: Project) -> list[Json]:
    return [_feature_store(project)]


@route("GET", "P/featurestores/*")
def feature_store(request: Request, project: Project, name: str) -> Any:
    if name not in (project.store_name, str(project.store_id)):
        raise Refusal(404, 270008, "Feature store wasn't found.")
    return _feature_store(project)


def _feature_store(project: Project) -> Json:
    return {
        "featurestoreId": project.store_id,
        "featurestoreName": project.store_name,
        "offlineFeaturestoreName": project.store_name,
        "projectName": project.name,
        "projectId": project.id,
        "created": CREATED,
        "onlineEnabled": False,
        "numFeatureGroups": len(project.feature_groups),
        "numTrainingDatasets": 0,
        "numStorageConnectors": 0,
        "numFeatureViews": len(project.feature_views),
    }
