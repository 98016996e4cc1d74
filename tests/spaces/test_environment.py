"""Each bundle alone, in an environment that has exactly its own requirements, with nobody to talk to."""

import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.publishing.bundle import PYTHON, space_bundles, write_bundle
from pipelines.publishing.serve import free_port
from pipelines.stores.embedded import EmbeddedStore

# Every connection to another machine, and every question for its address, ends the app.
GUARD = """
import os, sys

def guard(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo"}:
        host = arguments[1][0] if event == "socket.connect" and isinstance(arguments[1], tuple) else arguments[0]
        if isinstance(host, str) and host not in {"127.0.0.1", "localhost", "0.0.0.0", "::1"}:
            print("asked for", host, flush=True)
            os._exit(9)

sys.addaudithook(guard)
"""
UV = Path(sys.prefix) / "bin" / "uv"


def python_of_a_space():
    """The Python that a Space has, as far as this machine has it in its own way or through pyenv; else the one here."""
    name = ".".join(PYTHON.split(".")[:2])
    installed = [*Path.home().glob(f".pyenv/versions/{name}.*/bin/python"), shutil.which(f"python{name}")]
    return str(next(filter(None, installed), sys.executable))


@pytest.fixture(name="folders", scope="module")
def fixture_folders(demo_dir, tmp_path_factory):
    folders = {}
    for bundle in space_bundles(EmbeddedStore(demo_dir)):
        folders[bundle.name] = tmp_path_factory.mktemp(bundle.name)
        write_bundle(bundle.files, folders[bundle.name])
    return folders


@pytest.fixture(name="python", scope="module")
def fixture_python(folders, tmp_path_factory):
    """The interpreter of an environment made from the requirements, which are the same for both Spaces."""
    requirements = folders["predict"] / "requirements.txt"
    assert requirements.read_bytes() == (folders["monitor"] / "requirements.txt").read_bytes()
    folder = tmp_path_factory.mktemp("environment")
    python = folder / "bin" / "python"
    subprocess.run([UV, "venv", "--quiet", "--clear", "--python", python_of_a_space(), folder], check=True)
    install = ["pip", "install", "--quiet", "--python", python, "--requirement", requirements]
    subprocess.run([UV, *install], check=True)
    return python


@pytest.fixture(name="start")
def fixture_start(python, folders, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    processes = []

    def start(name, **more):
        port = free_port(taken=[])
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path),
            "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port),
            **more,
        }  # fmt: skip
        process = subprocess.Popen(
            [python, "app.py"], cwd=folders[name], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        processes.append(process)
        url = f"http://127.0.0.1:{port}"
        while process.poll() is None:
            try:
                return url, urllib.request.urlopen(url).read().decode()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        process.kill()
        pytest.fail(f"{name} did not start:\n{process.stdout.read().decode()}")

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(name="devices")
def fixture_devices():
    """What hands out the graphics cards of ZeroGPU, as far as an app asks that never computes on one."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", asked=asked)
    server.shutdown()
    server.server_close()


def ask(url, name, values):
    """One call as any program can make it: the event, then its outcome."""
    body = json.dumps({"data": values}).encode()
    request = urllib.request.Request(f"{url}/gradio_api/call/{name}", body, {"Content-Type": "application/json"})  # noqa: S310
    event = json.load(urllib.request.urlopen(request))["event_id"]  # noqa: S310
    with urllib.request.urlopen(f"{url}/gradio_api/call/{name}/{event}") as stream:  # noqa: S310
        lines = stream.read().decode().splitlines()
    return json.loads(next(line for line in lines if line.startswith("data: ")).removeprefix("data: "))[0]


def test_the_app_that_predicts_runs_on_its_own_requirements_and_gives_the_same_answer(start, predictors):
    url, page = start("predict")
    assert '"title":"Predict"' in page
    answer = ask(url, "predict_iris_variety", [5.0, 3.4, 1.5, 0.2])
    assert answer["prediction"] == "setosa"
    assert answer["version"] == predictors["iris_variety"].model.version


def test_the_app_that_shows_the_record_runs_on_its_own_requirements(start):
    _, page = start("monitor")
    assert '"title":"How the models do"' in page


def test_every_requirement_has_a_wheel_for_the_python_and_the_machine_of_a_space(folders, tmp_path):
    where = ["--target", str(tmp_path), "--python-version", PYTHON, "--python-platform", "x86_64-unknown-linux-gnu"]
    install = ["pip", "install", "--dry-run", "--no-build", "--requirement", folders["predict"] / "requirements.txt"]
    subprocess.run([UV, *install, *where], check=True)


def test_a_start_on_zero_gpu_reports_the_function_that_nobody_calls(start, devices):
    """With the variables that the Hub sets there, and a stand-in of what hands out its cards."""
    url, page = start("predict", SPACES_ZERO_GPU="true", SPACES_ZERO_DEVICE_API_URL=devices.url)
    assert '"title":"Predict"' in page
    assert ask(url, "predict_iris_variety", [5.0, 3.4, 1.5, 0.2])["prediction"] == "setosa"
    assert devices.asked == ["/startup-report"]


def test_the_environment_has_what_it_needs_and_nothing_of_the_pipelines(python):
    program = (
        "import importlib.util as u; found = [n for n in "
        "('hopsworks', 'papermill', 'deltalake', 'pytest', 'playwright') if u.find_spec(n)]; assert not found, found"
    )
    subprocess.run([python, "-c", program], check=True)


def test_a_space_without_any_data_starts_and_says_what_will_appear(start, folders):
    for path in ("models", "samples"):
        shutil.move(folders["predict"] / path, folders["predict"] / f"{path}-away")
    try:
        _, page = start("predict")
    finally:
        for path in ("models", "samples"):
            shutil.move(folders["predict"] / f"{path}-away", folders["predict"] / path)
    assert "after the first training" in page
