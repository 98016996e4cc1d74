"""The Hub's HTTP interface, as much of it as `huggingface_hub` uses to publish a Space."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from hub.calls import Answer, Call
from hub.cards import complaints
from hub.repositories import DATASET, PROCESSOR, HubError, upload_mode

TOKEN_SECONDS = 3600
LONG_AGO = "2026-01-01T00:00:00.000Z"
REPOSITORY = r"/(?P<type>space|dataset)s/(?P<id>[^/]+/[^/]+)"
SPACE = "/api" + REPOSITORY


def whoami(call: Call) -> Answer:
    """Who the token belongs to, and what it may do."""
    who = call.who
    token = {"displayName": "test", "role": who.role}
    return Answer(
        {
            "type": "user",
            "name": who.name,
            "orgs": [{"name": name} for name in who.organisations],
            "auth": {"type": "access_token", "accessToken": token},
        }
    )


def create(call: Call) -> Answer:
    """Create a Space or a data set."""
    wanted = call.json
    namespace = wanted.get("organization") or call.who.name
    kind, hardware = wanted.get("sdk", DATASET), wanted.get("hardware", PROCESSOR)
    call.hub.create(call.who, namespace, wanted["name"], kind, hardware)
    return Answer({"url": f"{call.stand_in.url}/{wanted['type']}s/{namespace}/{wanted['name']}"})


def validate(call: Call) -> Answer:
    """Check the front matter of a README."""
    errors = complaints(call.json["content"], call.json["repoType"])
    return Answer({"errors": [{"message": error} for error in errors], "warnings": []}, 400 if errors else 200)


def info(call: Call) -> Answer:
    """What a repository is, at its head or at a commit."""
    space = call.space
    commit = space.at(unquote(call.match.groupdict().get("revision") or "main"))
    if commit is None:
        raise HubError(404, "Revision not found", {"X-Error-Code": "RevisionNotFound"})
    files = [{"rfilename": path} for path in sorted(commit.files)]
    return Answer({"id": space.id, "sha": commit.oid, "sdk": space.sdk, "siblings": files, "private": False})


def tree(call: Call) -> Answer:
    """Every file of a commit."""
    commit = call.space.at(call.match["revision"])
    if commit is None:
        raise HubError(404, "Revision not found", {"X-Error-Code": "RevisionNotFound"})
    return Answer([blob.entry(path) for path, blob in sorted(commit.files.items())])


def commits(call: Call) -> Answer:
    """The history, newest first."""
    return Answer(
        [
            {"id": made.oid, "title": made.summary, "message": "", "authors": [{"user": made.author}], "date": LONG_AGO}
            for made in reversed(call.space.commits)
        ]
    )


def preupload(call: Call) -> Answer:
    """How each file is to be uploaded."""
    present = call.writable.head.files
    files = []
    for asked in call.json["files"]:
        blob = present.get(asked["path"])
        mode = upload_mode(asked["path"], asked["size"], base64.b64decode(asked["sample"]))
        oid = (blob.sha256 if blob.large else blob.oid) if blob else None
        files.append({"path": asked["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return Answer({"files": files})


def xet_token(call: Call) -> Answer:
    """Where the xet client writes to: a fresh folder for each token, because the client locks it."""
    call.writable  # noqa: B018 - a reader gets no token
    call.stand_in.token_folders += 1
    folder = call.stand_in.xet_folder / f"{call.stand_in.token_folders:04}"
    folder.mkdir()
    expires = int(time.time()) + TOKEN_SECONDS
    return Answer({"casUrl": f"local://{folder}", "accessToken": "xet-token", "exp": expires})


def lfs_batch(call: Call) -> Answer:
    """Where each large file is to be put; nowhere if it is there already."""
    call.writable  # noqa: B018 - a reader may not upload
    objects = []
    for asked in call.json["objects"]:
        found: dict[str, Any] = {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] not in call.hub.large:
            base = f"{call.stand_in.url}/lfs/{asked['oid']}"
            found["actions"] = {"upload": {"href": base}, "verify": {"href": f"{base}/verify"}}
        objects.append(found)
    return Answer({"transfer": "basic", "objects": objects})


def lfs_put(call: Call) -> Answer:
    """Take the bytes of a large file."""
    call.hub.large[call.match["oid"]] = call.body
    return Answer({})


def lfs_verify(call: Call) -> Answer:
    """Say whether a large file arrived."""
    if call.match["oid"] not in call.hub.large:
        raise HubError(404, "object not found")
    return Answer({})


def commit(call: Call) -> Answer:
    """Commit the lines of the request."""
    lines = [json.loads(line) for line in call.body.splitlines()]
    space = call.writable
    if any(line["key"] == "lfsFile" and line["value"]["oid"] not in call.hub.large for line in lines[1:]):
        call.stand_in.take_uploads()
    made = call.hub.commit(call.who, space, lines)
    url = f"{call.stand_in.url}/{call.match['type']}s/{call.match['id']}/commit/{made.oid}"
    return Answer({"commitOid": made.oid, "commitUrl": url, "success": True})


def runtime(call: Call) -> Answer:
    """How the Space is doing."""
    space = call.space
    found: dict[str, Any] = {"stage": call.hub.poll(space), "hardware": {"current": space.hardware, "requested": None}}
    if call.hub.tells_running_commit:
        found["sha"] = space.running or None
    return Answer(found)


def logs(call: Call) -> Answer:
    """The build log or the run log, as server-sent events."""
    call.who  # noqa: B018 - logs are for people who are signed in
    text = call.space.build_log if call.match["kind"] == "build" else call.space.run_log
    events = [json.dumps({"data": line + "\n", "timestamp": "2026-01-01T00:00:00Z"}) for line in text.splitlines()]
    content = "".join(f"data: {event}\n\n" for event in events).encode()
    return Answer(content=content, content_type="text/event-stream")


def resolve(call: Call) -> Answer:
    """The content of one file."""
    found = call.space.at(call.match["revision"])
    blob = found.files.get(unquote(call.match["path"])) if found else None
    if found is None or blob is None:
        raise HubError(404, "Entry not found", {"X-Error-Code": "EntryNotFound"})
    headers = {"X-Repo-Commit": found.oid, "ETag": f'"{blob.oid}"'}
    if blob.large:
        headers |= {"X-Linked-Etag": f'"{blob.sha256}"', "X-Linked-Size": str(len(blob.content))}
    return Answer(content=blob.content, headers=headers, content_type="application/octet-stream")


def read_log(call: Call) -> Answer:
    """The request log, for a test in another process."""
    log = [[request.method, request.path, request.status, request.account] for request in call.stand_in.log]
    return Answer(log)


def read_space(call: Call) -> Answer:
    """The commits of a Space, for a test in another process."""
    space = call.space
    commits = [{"oid": made.oid, "summary": made.summary, "changed": made.changed} for made in space.commits]
    return Answer({"sdk": space.sdk, "stage": space.stage, "commits": commits, "files": sorted(space.head.files)})


def inject(call: Call) -> Answer:
    """Inject a fault from another process: the body is the arguments of `Fault`."""
    call.stand_in.fail(**call.json)
    return Answer({})


ROUTES: list[tuple[str, str, Callable[[Call], Answer]]] = [
    ("GET", r"/api/whoami-v2", whoami),
    ("POST", r"/api/repos/create", create),
    ("POST", r"/api/validate-yaml", validate),
    ("GET", SPACE, info),
    ("GET", SPACE + r"/revision/(?P<revision>[^/]+)", info),
    ("GET", SPACE + r"/tree/(?P<revision>[^/]+)", tree),
    ("GET", SPACE + r"/commits/main", commits),
    ("POST", SPACE + r"/preupload/main", preupload),
    ("GET", SPACE + r"/xet-write-token/main", xet_token),
    ("POST", REPOSITORY + r"\.git/info/lfs/objects/batch", lfs_batch),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", lfs_put),
    ("POST", r"/lfs/(?P<oid>[0-9a-f]{64})/verify", lfs_verify),
    ("POST", SPACE + r"/commit/main", commit),
    ("GET", SPACE + r"/runtime", runtime),
    ("GET", SPACE + r"/logs/(?P<kind>build|run)", logs),
    ("GET", REPOSITORY + r"/resolve/(?P<revision>[^/]+)/(?P<path>.+)", resolve),
    ("HEAD", REPOSITORY + r"/resolve/(?P<revision>[^/]+)/(?P<path>.+)", resolve),
    ("GET", r"/stand-in/log", read_log),
    ("GET", r"/stand-in/spaces/(?P<id>[^/]+/[^/]+)", read_space),
    ("POST", r"/stand-in/faults", inject),
]
