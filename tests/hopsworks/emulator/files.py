"""The file system of a project, through the dataset API."""

import email
import email.policy
import shutil
from pathlib import Path

from tests.hopsworks.emulator.http import Binary, Request, route
from tests.hopsworks.emulator.world import OWNER, Json, Project, Refusal

DATASET = "P/dataset/*"
_chunks: dict[tuple[str, str], dict[int, bytes]] = {}


@route("GET", DATASET)
def stat(request: Request, project: Project, path: str) -> Json:
    local = _existing(request, project, path)
    if request.flag("action") != "listing":
        return _entry(request, project, local)
    if not local.is_dir():
        raise Refusal(400, 110007, "Not a directory.")
    children = sorted(local.iterdir(), key=lambda child: child.name, reverse=request.flag("sort_by").endswith("desc"))
    start = int(request.flag("offset", "0"))
    shown = children[start : start + int(request.flag("limit", "1000"))]
    return {"count": len(children), "items": [_entry(request, project, child) for child in shown]}


@route("POST", DATASET)
def act(request: Request, project: Project, path: str) -> Json | None:
    action = request.flag("action").lower()
    if action == "create":
        return _create(request, project, path)
    if action not in ("copy", "move"):
        raise Refusal(400, 110000, f"The emulator has no action {action}.")
    source, target = _existing(request, project, path), _local(request, project, request.flag("destination_path"))
    if target.exists():
        raise Refusal(400, 110018, "Destination already exists.")
    if not target.parent.is_dir():
        raise Refusal(400, 110010, "Destination folder does not exist.")
    if action == "move":
        source.rename(target)
    else:
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
    return None


@route("DELETE", DATASET)
def remove(request: Request, project: Project, path: str) -> None:
    local = _existing(request, project, path)
    if local.parent == request.world.files(project):
        raise Refusal(400, 110012, "A top-level dataset is not removed here.")
    shutil.rmtree(local) if local.is_dir() else local.unlink()


@route("GET", "P/dataset/download/with_auth/*")
def download(request: Request, project: Project, path: str) -> Binary:
    local = _existing(request, project, path)
    if local.is_dir():
        raise Refusal(400, 110020, "Cannot download a directory.")
    return Binary(local.read_bytes())


@route("POST", "P/dataset/upload/*")
def upload(request: Request, project: Project, path: str) -> None:
    form = _form(request)
    folder = _existing(request, project, path)
    name, total = form["flowFilename"].decode(), int(form["flowTotalChunks"])
    if (folder / name).exists():
        raise Refusal(400, 110018, "Destination already exists.")
    received = _chunks.setdefault((str(folder / name), form["flowIdentifier"].decode()), {})
    received[int(form["flowChunkNumber"])] = form["file"]
    if len(received) >= max(total, 1):
        (folder / name).write_bytes(b"".join(content for _, content in sorted(received.items())))
        del _chunks[str(folder / name), form["flowIdentifier"].decode()]


def _create(request: Request, project: Project, path: str) -> Json:
    local = _local(request, project, path)
    if local.exists():
        raise Refusal(400, 110011, "A directory with the same name already exists.")
    if not local.parent.is_dir():
        raise Refusal(400, 110010, "The parent folder does not exist.")
    local.mkdir()
    return _entry(request, project, local)


def _local(request: Request, project: Project, path: str) -> Path:
    return request.world.local(project, path)


def _existing(request: Request, project: Project, path: str) -> Path:
    local = _local(request, project, path)
    if not local.exists():
        raise Refusal(400, 110008, f"Path not found: {path}")
    return local


def _entry(request: Request, project: Project, local: Path) -> Json:
    inside = local.relative_to(request.world.files(project))
    attributes = {
        "path": f"/Projects/{project.name}/{inside.as_posix()}",
        "name": local.name,
        "dir": local.is_dir(),
        "size": 0 if local.is_dir() else local.stat().st_size,
        "owner": OWNER,
        "permission": "rwxr-x---",
        "modificationTime": int(local.stat().st_mtime * 1000),
        "underConstruction": False,
    }
    top = {"datasetType": "DATASET"} if len(inside.parts) == 1 else {}
    return {"attributes": attributes, "zipState": "NONE", **top}


def _form(request: Request) -> dict[str, bytes]:
    head = f"Content-Type: {request.content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
    parts = message.iter_parts()
    return {str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True) for part in parts}
