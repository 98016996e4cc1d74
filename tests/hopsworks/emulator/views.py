"""Feature views and training datasets."""

# ruff: noqa: ARG001 - every handler takes the request and the project

from tests.hopsworks.emulator.accounts import CREATED
from tests.hopsworks.emulator.http import Request, route
from tests.hopsworks.emulator.world import Json, Project, Refusal

VIEWS = "P/featurestores/#/featureview"
VIEW = f"{VIEWS}/*/version/*"


@route("GET", f"{VIEWS}/*")
def versions(request: Request, project: Project, name: str) -> Json:
    found = [view for (view_name, _), view in sorted(project.feature_views.items()) if view_name == name]
    if not found:
        raise Refusal(404, 270181, "Feature view wasn't found.")
    return {"count": len(found), "items": found}


@route("GET", VIEW)
def get(request: Request, project: Project, name: str, version: str) -> Json:
    return _view(project, name, version)


@route("POST", VIEWS)
def create(request: Request, project: Project) -> Json:
    sent = request.json()
    group = project.feature_groups.get(sent["query"]["leftFeatureGroup"]["id"])
    if group is None:
        raise Refusal(404, 270009, "Feature group wasn't found.")
    version = sent.get("version") or 1
    if (sent["name"], version) in project.feature_views:
        raise Refusal(400, 270179, "The feature view exists already.")
    labels = {feature["name"] for feature in sent.get("features", []) if feature.get("label")}
    reference = {key: group[key] for key in ("id", "name", "version", "type", "featurestoreId")}
    features = [
        {
            "name": feature["name"],
            "type": feature["type"],
            "index": index,
            "label": feature["name"] in labels,
            "featuregroup": reference,
            "featureGroupFeatureName": feature["name"],
        }
        for index, feature in enumerate(sent["query"]["leftFeatures"])
    ]
    made = {
        "id": request.world.next_id(),
        "name": sent["name"],
        "version": version,
        "description": sent.get("description"),
        "featurestoreId": project.store_id,
        "created": CREATED,
        "query": sent["query"],
        "features": features,
        "servingKeys": [
            {
                "featureName": name,
                "prefix": "",
                "required": True,
                "joinOn": None,
                "joinIndex": 0,
                "featureGroup": reference,
            }
            for name in (feature["name"] for feature in group["features"] if feature["primary"])
        ],
        "transformationFunctions": [],
        "loggingEnabled": False,
        "type": "featureViewDTO",
    }
    project.feature_views[sent["name"], version] = made
    return made


@route("DELETE", VIEW)
def delete(request: Request, project: Project, name: str, version: str) -> None:
    del project.feature_views[name, _view(project, name, version)["version"]]


@route("GET", f"{VIEW}/query/batch")
@route("POST", f"{VIEW}/query/batch")
def batch(request: Request, project: Project, name: str, version: str) -> Json:
    view = _view(project, name, version)
    query: Json = dict(view["query"])
    if request.flag("with_label").lower() != "true":
        labels = {feature["name"] for feature in view["features"] if feature["label"]}
        query["leftFeatures"] = [feature for feature in query["leftFeatures"] if feature["name"] not in labels]
    sent = request.json() if request.method == "POST" else None
    filters = [query.get("filter"), (sent or {}).get("extraFilter"), _window(project, view, request)]
    if number := request.flag("td_version"):
        filters.append(_training_dataset(project, name, version, number).get("extraFilter"))
    query["filter"] = _all_of([part for part in filters if part])
    return query


@route("POST", f"{VIEW}/trainingdatasets")
def create_training_dataset(request: Request, project: Project, name: str, version: str) -> Json:
    view = _view(project, name, version)
    known = project.training_datasets.setdefault((name, view["version"]), [])
    made = {
        **request.json(),
        "id": request.world.next_id(),
        "version": max((dataset["version"] for dataset in known), default=0) + 1,
        "type": "trainingDatasetDTO",
        "created": CREATED,
        "featurestoreId": project.store_id,
        "featurestoreName": project.store_name,
    }
    known.append(made)
    return made


@route("GET", f"{VIEW}/trainingdatasets")
def training_datasets(request: Request, project: Project, name: str, version: str) -> Json:
    items = project.training_datasets.get((name, _view(project, name, version)["version"]), [])
    return {"count": len(items), "items": items}


@route("GET", f"{VIEW}/trainingdatasets/version/*")
def training_dataset(request: Request, project: Project, name: str, version: str, number: str) -> Json:
    return _training_dataset(project, name, version, number)


def _training_dataset(project: Project, name: str, version: str, number: str) -> Json:
    for known in project.training_datasets.get((name, int(version)), []):
        if known["version"] == int(number):
            return known
    raise Refusal(404, 270012, "Training dataset wasn't found.")


def _view(project: Project, name: str, version: str) -> Json:
    view = project.feature_views.get((name, int(version)))
    if view is None:
        raise Refusal(404, 270181, "Feature view wasn't found.")
    return view


def _window(project: Project, view: Json, request: Request) -> Json | None:
    """The filter for `start_time` <= event time < `end_time`, given in milliseconds."""
    group = project.feature_groups[view["query"]["leftFeatureGroup"]["id"]]
    feature = next(entry for entry in group["features"] if entry["name"] == group["eventTime"])
    bounds = (("start_time", "GREATER_THAN_OR_EQUAL"), ("end_time", "LESS_THAN"))
    return _all_of(
        [
            {"type": "SINGLE", "leftFilter": {"feature": feature, "condition": condition, "value": request.flag(bound)}}
            for bound, condition in bounds
            if request.flag(bound)
        ]
    )


def _all_of(parts: list[Json]) -> Json | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return {"type": "AND", "leftLogic": parts[0], "rightLogic": _all_of(parts[1:])}
