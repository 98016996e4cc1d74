import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import pytest
from waiting import ended, wait_until

from pipelines.errors import PipelineError
from pipelines.publishing import serve as serving
from pipelines.publishing.bundle import Bundle, write_bundle
from pipelines.publishing.serve import App, free_port, refresh

ROOT = Path(__file__).parents[2]


class Process:
    """What `refresh` needs of a process: whether it was ended."""

    def __init__(self):
        self.ended = False

    def terminate(self):
        self.ended = True

    def wait(self, timeout=None):
        assert self.ended or timeout


@pytest.fixture(name="app")
def fixture_app(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "_start", lambda folder, port: (folder, port))
    write_bundle(bundle().files, tmp_path)
    return App("monitor", tmp_path, 7999, Process())


def bundle(**files):
    content = {"app.py": b"1", "history/t.parquet": b"1", "dashboard/metrics.json": b"1", **files}
    return Bundle("monitor", "gradio", {name.replace("__", "/"): value for name, value in content.items()})


def test_new_data_are_written_and_the_app_goes_on(app):
    process = app.process
    refresh([bundle(history__t2_parquet=b"2")], [app])
    assert (app.folder / "history" / "t2_parquet").read_bytes() == b"2"
    assert app.process is process
    assert not process.ended


def test_anything_else_starts_the_app_anew_on_the_same_port(app):
    process = app.process
    refresh([bundle(models__t_json=b"2")], [app])
    assert process.ended
    assert app.process == (app.folder, 7999)


def test_an_app_that_ended_by_itself_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "POLL_SECONDS", 0)
    ended = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    ended.wait()

    class Store:
        def get_file(self, _):
            return None

        def champion(self, _):
            return None

    with pytest.raises(PipelineError, match=r"monitor ended with exit code 3"):
        serving.follow(Store(), [App("monitor", tmp_path, 7999, ended)])


def test_a_port_in_use_is_passed_over():
    first = free_port(taken=[])
    with socket.socket() as used:
        used.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        used.bind(("127.0.0.1", first))
        used.listen()
        second = free_port(taken=[])
        assert second > first
        assert free_port(taken=[second]) > second


@pytest.mark.usefixtures("interruptible")
def test_the_command_serves_both_apps_without_secrets_and_ends_them_with_itself(demo_dir):
    environment = {**os.environ, "STORE_DIR": str(demo_dir), "HF_TOKEN": "hf_secret_token", "PYTHONPATH": str(ROOT)}
    # A proxy that nothing on this machine is behind, and that does not answer.
    environment |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY"), "http://127.0.0.1:9")
    # One after the other: both would take the same ports.
    for stop in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "serve"],
            env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            urls = [process.stderr.readline().split(": ")[1].strip() for _ in range(2)]
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            # The other signal comes while the apps still start.
            for url in urls if stop == signal.SIGINT else ():
                wait_until(partial(answers, url), alive=process)
            assert len(children) == 2
            for child in children:
                assert b"hf_secret_token" not in Path(f"/proc/{child}/environ").read_bytes()
        finally:
            process.send_signal(stop)
            assert process.wait() == 0
        assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_an_app_ends_with_a_command_that_is_killed(tmp_path):
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "app.py").write_text("import beside, os, time; print(os.getpid(), flush=True); time.sleep(3600)")
    program = (
        "import sys, time; from pathlib import Path; from pipelines.publishing.serve import _start; "
        "_start(Path(sys.argv[1]), 7999), time.sleep(3600)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        app = int(process.stdout.readline())
        assert not ended(app)
        process.kill()
        wait_until(partial(ended, app))


HOLD_A_FOLDER = """
import time
from pipelines.publishing.serve import apps_folder
with apps_folder() as folder:
    (folder / "predict").mkdir()
    (folder / "predict/app.py").write_text("1")
    print(folder, flush=True)
    time.sleep(3600)
"""


def test_what_a_killed_command_left_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    someones = tmp_path / "pipelines-serve-notes"
    someones.mkdir()
    command, environment = [sys.executable, "-c", HOLD_A_FOLDER], {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        left = Path(process.stdout.readline().strip())
        with serving.apps_folder() as mine:
            assert (left / "predict/app.py").exists()
            assert mine != left
        assert not mine.exists()
        process.kill()
        process.wait()
    with serving.apps_folder():
        assert not left.exists()
        assert someones.exists()


def answers(url):
    try:
        return urllib.request.urlopen(url).status == 200  # noqa: S310 - always http
    except (urllib.error.URLError, ConnectionError):
        return False
