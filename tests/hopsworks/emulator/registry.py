"""The model registry."""

# ruff: noqa: ARG001 - every handler takes the request and the project

import json
import re
import shutil
from typing import Any

from tests.hopsworks.emulator.accounts import CREATED
from tests.hopsworks.emulator.http import Request, route
from tests.hopsworks.emulator.world import OWNER, Json, Project, Refusal

MODELS = "P/modelregistries/#/models"


@route("GET", MODELS)
def find(request: Request, project: Project) -> Json:
    name = request.flag("filter_by").removeprefix("name_eq:")
    found = [model for (model_name, _), model in sorted(project.models.items()) if model_name == name]
    if sort := request.flag("sort_by"):
        metric, _, direction = sort.partition(":")
        found.sort(key=lambda model: model["metrics"].get(metric, 0), reverse=direction == "desc")
    found = found[: int(request.flag("limit", "1000"))]
    return {"count": len(found), "items": found} if found else {"count": 0}


@route("GET", f"{MODELS}/*")
def get(request: Request, project: Project, name: str) -> Json:
    model = project.models.get(_key(name))
    if model is None:
        raise Refusal(404, 360000, "Model not found.")
    return model


@route("PUT", f"{MODELS}/*")
def put(request: Request, project: Project, name: str) -> Json:
    key, sent = _key(name), request.json()
    if key in project.models:
        raise Refusal(400, 360001, "The model version exists already.")
    if not re.fullmatch(r"[A-Za-z0-9_]+", key[0]):
        raise Refusal(400, 360002, "Illegal model name.")
    if not (request.world.files(project) / "Models" / key[0] / str(key[1])).is_dir():
        raise Refusal(400, 360003, "The folder of the model version does not exist.")
    metrics = sent.get("metrics") or {}
    if any(not isinstance(float(value), float) for value in metrics.values()):
        raise Refusal(400, 360004, "Metrics must be numbers.")
    known = ("name", "version", "description", "framework", "featureView", "trainingDatasetVersion", "program")
    project.models[key] = {
        **{field: sent.get(field) for field in known},
        "id": request.world.next_id(),
        "metrics": {metric: float(value) for metric, value in metrics.items()},
        "projectName": project.name,
        "modelRegistryId": project.id,
        "created": CREATED,
        "creator": OWNER,
        "userFullName": "Demo User",
    }
    return project.models[key]


@route("DELETE", f"{MODELS}/*")
def delete(request: Request, project: Project, number: str) -> None:
    key = next((key for key, model in project.models.items() if str(model["id"]) == number), None)
    if key is None:
        raise Refusal(404, 360000, "Model not found.")
    del project.models[key]
    shutil.rmtree(request.world.files(project) / "Models" / key[0] / str(key[1]), ignore_errors=True)


@route("GET", f"{MODELS}/*/tags")
def tags(request: Request, project: Project, number: str) -> Json:
    items = [{"name": name, "value": value} for name, value in _tags(project, number).items()]
    if not items:
        raise Refusal(404, 370002, "Tag not found.")
    return {"count": len(items), "items": items}


@route("GET", f"{MODELS}/*/tags/*")
def tag(request: Request, project: Project, number: str, name: str) -> Json:
    value = _tags(project, number).get(name)
    if value is None:
        raise Refusal(404, 370002, "Tag not found.")
    return {"count": 1, "items": [{"name": name, "value": value}]}


@route("PUT", f"{MODELS}/*/tags/*")
def put_tag(request: Request, project: Project, number: str, name: str) -> None:
    if name not in request.world.knobs.tag_schemas:
        raise Refusal(404, 370000, f"There is no tag schema {name}.")
    _tags(project, number)[name] = json.dumps(request.json())


@route("DELETE", f"{MODELS}/*/tags/*")
def delete_tag(request: Request, project: Project, number: str, name: str) -> None:
    if _tags(project, number).pop(name, None) is None:
        raise Refusal(404, 370002, "Tag not found.")


@route("GET", "tags")
def tag_schemas(request: Request) -> Json:
    items = [{"name": name, "value": "{}"} for name in request.world.knobs.tag_schemas]
    return {"count": len(items), "items": items}


@route("POST", "tags")
def create_tag_schema(request: Request) -> Json:
    knobs = request.world.knobs
    if not knobs.administrator:
        raise Refusal(403, 160014, "Only an administrator of the cluster may do this.")
    knobs.tag_schemas = (*knobs.tag_schemas, request.flag("name"))
    return {"name": request.flag("name"), "value": request.body.decode()}


def _tags(project: Project, number: str) -> dict[str, Any]:
    if not any(str(model["id"]) == number for model in project.models.values()):
        raise Refusal(404, 360000, "Model not found.")
    return project.tags.setdefault(int(number), {})


def _key(name: str) -> tuple[str, int]:
    model, _, version = name.rpartition("_")
    if not version.isdigit():
        raise Refusal(404, 360000, "Model not found.")
    return model, int(version)
