"""A stand-in for GitHub's REST interface: one repository with its workflows, runs, issues and Pages, in memory.

It answers what the scripts of this repository ask and what a wrong script might ask, refuses what the token of a
job may not do, and keeps a log of all calls.
"""

import contextlib
import io
import json
import re
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BOT = "github-actions[bot]"
REPOSITORY = "acme/flowers"
FOUND = 302


class GitHubStandIn:
    def __init__(self):
        self.token = "job-token"
        self.permissions = {"actions": "write", "issues": "write", "pages": "read", "pull-requests": "write"}
        self.workflows, self.runs, self.jobs, self.issues, self.comments = {}, [], {}, [], {}
        self.artifacts, self.pulls, self.settings = {}, {}, {}
        self.dispatched = []
        self.pages = None
        self.issues_enabled = True
        self.calls = []
        self.faults = []
        self.url = ""

    def add_workflow(self, file, name, created="2026-01-01T00:00:00Z", state="active"):
        self.workflows[file] = {
            "id": len(self.workflows) + 1,
            "name": name,
            "path": f".github/workflows/{file}",
            "state": state,
            "created_at": created,
        }

    def add_run(self, file, conclusion, created, *, branch="main", step=None):
        run = {
            "id": 1000 + len(self.runs),
            "run_attempt": 1,
            "path": f".github/workflows/{file}",
            "head_branch": branch,
            "status": "completed" if conclusion else "in_progress",
            "conclusion": conclusion,
            "created_at": created,
        }
        run["html_url"] = f"https://github.example/{REPOSITORY}/actions/runs/{run['id']}"
        steps = [{"name": "Set up", "conclusion": "success"}, {"name": step, "conclusion": conclusion}]
        self.jobs[run["id"]] = [{"name": "work", "conclusion": conclusion, "steps": steps if step else []}]
        self.runs.append(run)
        return run

    def add_artifact(self, run, name, files, size=None):
        """Keep files in a zip archive, as GitHub does with what a run uploads; `files` may also be the archive."""
        archive = files if isinstance(files, bytes) else zipped(files)
        artifact = {
            "id": len(self.artifacts) + 1,
            "name": name,
            "expired": False,
            "size_in_bytes": len(archive) if size is None else size,
        }
        self.artifacts[artifact["id"]] = artifact | {"run": run["id"], "archive": archive}

    def add_pull(self, branch, sha, *, fork="ada/flowers", base="main"):
        """An open pull request from a branch of a fork; gives what the event of its run says about its head."""
        issue = self.add_issue(f"Pull request of {branch}", "", "someone")
        source = {"full_name": fork, "owner": {"login": fork.split("/")[0]}}
        head = {"sha": sha, "ref": branch, "repo": source}
        self.pulls[issue["number"]] = {"number": issue["number"], "head": head, "base": {"ref": base}}
        return {"head_sha": sha, "head_branch": branch, "head_repository": source, "event": "pull_request"}

    def add_issue(self, title, body, login, state="open"):
        issue = {"number": len(self.issues) + 1, "title": title, "body": body, "user": {"login": login}, "state": state}
        self.issues.append(issue)
        self.comments[issue["number"]] = []
        return issue

    def called(self, method, pattern):
        return [path for verb, path in self.calls if verb == method and re.fullmatch(pattern, path)]

    def answer(self, method, path, query, body):
        for route, verb, permission, act in self._routes(path):
            match = re.fullmatch(route, path)
            if match and verb == method:
                area, level = permission
                if self.permissions.get(area) not in {"write", level}:
                    return 403, {"message": "Resource not accessible by integration"}
                return act(*match.groups(), query if verb == "GET" else body)
        return 404, {"message": "Not Found"}

    def _routes(self, path):
        number = re.match(r"issues/(\d+)/", path)
        conversation = "pull-requests" if number and int(number[1]) in self.pulls else "issues"
        return (
            (r"issues", "GET", ("issues", "read"), self._list_issues),
            (r"issues", "POST", ("issues", "write"), self._open_issue),
            (r"issues/(\d+)", "PATCH", ("issues", "write"), self._change_issue),
            (r"issues/(\d+)/comments", "GET", (conversation, "read"), self._list_comments),
            (r"issues/(\d+)/comments", "POST", (conversation, "write"), self._comment),
            (r"issues/comments/(\d+)", "PATCH", ("pull-requests", "write"), self._change_comment),
            (r"pulls", "GET", ("pull-requests", "read"), self._list_pulls),
            (r"actions/workflows/([\w.]+)", "GET", ("actions", "read"), self._workflow),
            (r"actions/workflows/([\w.]+)/runs", "GET", ("actions", "read"), self._runs),
            (r"actions/workflows/([\w.]+)/enable", "PUT", ("actions", "write"), self._enable),
            (r"actions/workflows/([\w.]+)/dispatches", "POST", ("actions", "write"), self._dispatch),
            (r"actions/runs/(\d+)/jobs", "GET", ("actions", "read"), self._jobs),
            (r"actions/runs/(\d+)/artifacts", "GET", ("actions", "read"), self._artifacts),
            (r"actions/artifacts/(\d+)/zip", "GET", ("actions", "read"), self._archive),
            (r"", "GET", ("metadata", "read"), self._about),
            (
                r"(actions/permissions|actions/variables|actions/secrets)",
                "GET",
                ("administration", "read"),
                self._setting,
            ),
            (r"(branches/[\w/]+|rules/branches/[\w/]+|environments/\w+)", "GET", ("metadata", "read"), self._setting),
            (r"actions/workflows", "GET", ("actions", "read"), self._list_workflows),
            (r"pages", "GET", ("pages", "read"), self._pages),
        )

    def _about(self, _):
        about = {"full_name": REPOSITORY, "private": False, "default_branch": "main"}
        return 200, about | {"has_issues": self.issues_enabled}

    def _setting(self, path, _):
        return (200, self.settings[path]) if path in self.settings else (404, {"message": "Not Found"})

    def _list_workflows(self, _):
        return 200, {"workflows": list(self.workflows.values())}

    def _list_issues(self, query):
        found = [issue for issue in reversed(self.issues) if query["state"] in (issue["state"], "all")]
        return 200, _page(found, query)

    def _open_issue(self, body):
        if not self.issues_enabled:
            return 410, {"message": "Issues are disabled for this repo"}
        return 201, self.add_issue(body["title"], body["body"], BOT)

    def _change_issue(self, number, body):
        self.issues[int(number) - 1].update(body)
        return 200, self.issues[int(number) - 1]

    def _list_comments(self, number, query):
        return 200, _page(self.comments[int(number)], query)

    def _comment(self, number, body):
        made = sum(map(len, self.comments.values()))
        self.comments[int(number)].append({"id": made + 1, "body": body["body"], "user": {"login": BOT}})
        return 201, self.comments[int(number)][-1]

    def _change_comment(self, number, body):
        [comment] = [each for said in self.comments.values() for each in said if each["id"] == int(number)]
        comment.update(body)
        return 200, comment

    def _list_pulls(self, query):
        owner, branch = query["head"].split(":", 1)
        found = [
            pull
            for pull in self.pulls.values()
            if (pull["head"]["repo"]["owner"]["login"], pull["head"]["ref"], pull["base"]["ref"])
            == (owner, branch, query["base"])
        ]
        return 200, _page(found, query)

    def _workflow(self, file, _):
        return (200, self.workflows[file]) if file in self.workflows else (404, {"message": "Not Found"})

    def _runs(self, file, query):
        runs = [run for run in self.runs if run["path"].endswith(f"/{file}")]
        runs = [run for run in runs if query.get("branch") in (None, run["head_branch"])]
        runs = [run for run in runs if query.get("status") in (None, run["status"], run["conclusion"])]
        runs.sort(key=lambda run: run["created_at"], reverse=True)
        return 200, {"total_count": len(runs), "workflow_runs": _page(runs, query)}

    def _enable(self, file, _):
        self.workflows[file]["state"] = "active"
        return 204, None

    def _dispatch(self, file, body):
        if self.workflows.get(file, {}).get("state") != "active":
            return 422, {"message": "Cannot trigger a 'workflow_dispatch' on a disabled workflow"}
        self.dispatched.append((file, body["ref"], body["inputs"]))
        return 204, None

    def _jobs(self, run, _):
        return 200, {"jobs": self.jobs[int(run)]}

    def _artifacts(self, run, query):
        kept = [each for each in self.artifacts.values() if (str(each["run"]), each["name"]) == (run, query["name"])]
        return 200, {"artifacts": [{name: each[name] for name in each if name != "archive"} for each in kept]}

    def _archive(self, number, _):
        return 302, f"{self.url}/elsewhere/{number}"

    def _pages(self, _):
        return (200, self.pages) if self.pages else (404, {"message": "Not Found"})


def zipped(files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return archive.getvalue()


def _page(entries, query):
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    return entries[(number - 1) * size : number * size]


@contextmanager
def running(github):
    """Serve the stand-in; its address is `github.url` meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            address = urlsplit(self.path)
            path = address.path.removeprefix(f"/repos/{REPOSITORY}").removeprefix("/")
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            if path.startswith("elsewhere/"):
                self.hand_out(path)
                return
            github.calls.append((self.command, path))
            if self.headers.get("Authorization") != f"Bearer {github.token}":
                status, answer = 401, {"message": "Bad credentials"}
            elif github.faults:
                status, answer = github.faults.pop(0), {"message": "fault"}
            else:
                status, answer = github.answer(self.command, path, query, body)
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            if status == FOUND:
                self.send_header("Location", answer)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def hand_out(self, path):
            """The storage that GitHub redirects to: a signed address, where a token is refused."""
            content = github.artifacts[int(path.rsplit("/", 1)[1])]["archive"]
            self.send_response(400 if "Authorization" in self.headers else 200)
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # who reads no more than it may leaves
                self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815 - the names that http.server asks for

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    github.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
