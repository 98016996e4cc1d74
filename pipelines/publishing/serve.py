"""Both apps on this machine, on the current store: the same bundles as on the Hub, each in a process of its own."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.datasets import all_tasks
from pipelines.documents.metrics import METRICS_FILE
from pipelines.errors import PipelineError
from pipelines.publishing.addresses import LINKED
from pipelines.publishing.bundle import Bundle, space_bundles, write_bundle
from pipelines.stores.base import Store

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
FIRST_PORT = 7860
LAST_PORT = 7999
POLL_SECONDS = 5
STOP_SECONDS = 10
# An app reads these again on every page load; anything else needs a new start, as a commit does on the Hub.
READ_ON_LOAD = ("history/", "dashboard/")
SECRETS = ("HF_TOKEN", "HOPSWORKS_API_KEY")
APP_PROCESS = Path(__file__).with_name("app_process.py")
# What the folders of the apps begin with, in the folder for temporary files, and who is there holds in each.
FOLDER_PREFIX, FOLDER_LOCK = "pipelines-serve-", "serve.lock"


@dataclass
class App:
    """One running app, its folder and its address."""

    name: str
    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """Where the app is to be seen."""
        return _address(self.port)


def serve_spaces(store: Store, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Start both apps and keep them up to date with the store until interrupted.

    Parameters
    ----------
    meanwhile
        What is left to do for the pages and takes long; they are there before it is done.

    Raises
    ------
    PipelineError
        An app ended by itself, or no port is free.
    """
    # To be stopped politely is to be interrupted: the apps have to end as well.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with apps_folder() as folder, running_apps(store, folder) as apps:
            for app in apps:
                log.info("%s: %s", app.name, app.url)
            log.info("Stop with Ctrl-C.")
            meanwhile()
            refresh(space_bundles(store, _links(apps)), apps)
            follow(store, apps)
    except KeyboardInterrupt:
        log.info("stopped")


@contextmanager
def apps_folder() -> Iterator[Path]:
    """A folder for the apps, removed with the block; if this process is killed, by the next one that asks for such."""
    for left in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        _remove_unless_held(left)
    with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as name, FileLock(Path(name) / FOLDER_LOCK):
        yield Path(name)


@contextmanager
def running_apps(store: Store, folder: Path) -> Iterator[list[App]]:
    """Both apps, started in folders of their own under `folder`, ended with the block."""
    apps: list[App] = []
    try:
        ports = _free_ports(LINKED)
        for bundle in space_bundles(store, {name: _address(port) for name, port in ports.items()}):
            write_bundle(bundle.files, folder / bundle.name)
            port = ports[bundle.name]
            apps.append(App(bundle.name, folder / bundle.name, port, _start(folder / bundle.name, port)))
        yield apps
    finally:
        for app in apps:
            _stop(app)


def follow(store: Store, apps: Sequence[App]) -> None:
    """Look at the store again and again, and bring to the apps what has changed."""
    seen = _state(store)
    while True:
        time.sleep(POLL_SECONDS)
        for app in apps:
            if app.process.poll() is not None:
                raise PipelineError(
                    f"The app {app.name} ended with exit code {app.process.returncode}; its last lines are above."
                )
        now = _state(store)
        if now != seen:
            refresh(space_bundles(store, _links(apps)), apps)
            seen = now


def refresh(bundles: Sequence[Bundle], apps: Sequence[App]) -> None:
    """Write what changed into the apps' folders; start an app anew where it would not see the change."""
    for bundle, app in zip(bundles, apps, strict=True):
        changed = write_bundle(bundle.files, app.folder)
        if not all(path.startswith(READ_ON_LOAD) for path in changed):
            _stop(app)
            app.process = _start(app.folder, app.port)
            log.info("%s: started anew with %s", app.name, ", ".join(changed[:3]))


def _remove_unless_held(folder: Path) -> None:
    """Remove a folder of apps whose `serve` is gone."""
    # One without a lock was made a moment ago; one whose lock cannot be written to is another user's.
    lock = folder / FOLDER_LOCK
    if folder.is_symlink() or not os.access(lock, os.W_OK):
        return
    with suppress(Timeout), FileLock(lock, blocking=False):
        shutil.rmtree(folder, ignore_errors=True)


def _address(port: int) -> str:
    return f"http://{HOST}:{port}"


def _links(apps: Sequence[App]) -> dict[str, str]:
    return {app.name: app.url for app in apps}


def _free_ports(names: Sequence[str]) -> dict[str, int]:
    ports: dict[str, int] = {}
    for name in names:
        ports[name] = free_port(taken=[*ports.values()])
    return ports


def _state(store: Store) -> object:
    """What tells that the pages would show something else, without reading the tables."""
    return store.get_file(METRICS_FILE), [store.champion(task.name) for task in all_tasks()]


def _start(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    environment |= {"GRADIO_SERVER_NAME": HOST, "GRADIO_SERVER_PORT": str(port)}
    # An app asks itself whether it runs; a proxy that serves the rest of the world does not lead there.
    environment |= dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(filter(None, (os.environ.get("NO_PROXY"), HOST))))
    return subprocess.Popen([sys.executable, str(APP_PROCESS)], cwd=folder, env=environment, stdin=subprocess.PIPE)


def _stop(app: App) -> None:
    app.process.terminate()
    try:
        app.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        app.process.kill()
        app.process.wait()


def free_port(taken: Sequence[int]) -> int:
    """The first port that nobody listens on and that is not among `taken`."""
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if port not in taken and _is_free(port):
            return port
    raise PipelineError(f"No port from {FIRST_PORT} to {LAST_PORT} is free. Stop a program that listens on one.")


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        # A port that was left a moment ago counts as free, as it does for the app.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True
