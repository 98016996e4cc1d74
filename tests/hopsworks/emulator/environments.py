"""Python environments of a project, of which nothing is real but their names and what was asked to be installed."""

from tests.hopsworks.emulator.http import Request, route
from tests.hopsworks.emulator.world import Json, Project, Refusal

ENVIRONMENT = "P/python/environments/*"


@route("GET", ENVIRONMENT)
def get(request: Request, project: Project, name: str) -> Json:  # noqa: ARG001 - every handler takes the request
    if name not in project.environments:
        raise Refusal(404, 300000, "No Anaconda environment created for this project.")
    return {"name": name, "pythonVersion": "3.11", "commands": {"count": 0}}


@route("POST", ENVIRONMENT)
def create(request: Request, project: Project, name: str) -> Json:
    if not request.world.knobs.environments:
        raise Refusal(403, 320004, "The API key lacks the scope for this operation.")
    base = request.json()["baseImage"]["name"]
    if base not in project.environments:
        raise Refusal(404, 300000, f"There is no environment {base}.")
    if name in project.environments:
        raise Refusal(409, 300001, "The environment exists already.")
    project.environments[name] = [*project.environments[base]]
    return get(request, project, name)


@route("POST", f"{ENVIRONMENT}/libraries/*")
def install(request: Request, project: Project, name: str, library: str) -> Json:
    asked = request.json()
    if asked["packageSource"] != "REQUIREMENTS_TXT":
        raise Refusal(400, 300005, f"The emulator installs no {asked['packageSource']}.")
    project.environments[name] += request.world.local(project, asked["dependencyUrl"]).read_text().splitlines()
    return _library(library)


@route("GET", f"{ENVIRONMENT}/libraries/*")
def installed(request: Request, project: Project, name: str, library: str) -> Json:  # noqa: ARG001 - as above
    return _library(library)


def _library(name: str) -> Json:
    done = {"count": 1, "items": [{"status": "SUCCESS", "op": "INSTALL"}]}
    return {"library": name, "version": "", "channel": "", "packageSource": "REQUIREMENTS_TXT", "commands": done}
