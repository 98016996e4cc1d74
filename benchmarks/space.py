"""How soon the Space *predict* answers after its process starts, and how fast to one caller and to many.

    STORE_DIR=... python -m benchmarks.space [--task wine_type] [--seconds 20]

Beside it an app of the older kind with the same ensemble: when it is imported it downloads the model from a registry,
loads it with joblib and wraps a bare `predict_proba` in an interface of one function. Its registry is a folder of this
machine behind HTTP, which no real one is as near as. Our answer explains itself (what pushed it, what is near), so that
the ratio at one caller is what the explanation costs. For tasks whose inputs are all numbers;
on a quiet machine, since Gradio gives an app up whose own first page takes seconds, as the older one's then does.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import joblib

from benchmarks.load import Times, call, timed
from pipelines import models
from pipelines.datasets import Task, task_named
from pipelines.errors import NotReadyError
from pipelines.publishing.bundle import space_bundles, write_bundle
from pipelines.publishing.serve import HOST, free_port
from pipelines.settings import read_settings
from pipelines.stores import open_store
from pipelines.stores.base import Store
from pipelines.stores.catalogue import champion_version, load_version

CALLERS = (1, 50)
STARTS = 3
OLDER = """
import io, os, urllib.request
import gradio as gr, joblib, numpy as np
content = urllib.request.urlopen(os.environ["MODEL_URL"]).read()
members = list(joblib.load(io.BytesIO(content)).values())
names = os.environ["INPUTS"].split()

def predict(*values):
    row = np.array([values], dtype=float)
    return {"prediction": np.mean([member.predict_proba(row)[0] for member in members], axis=0).tolist()}

demo = gr.Interface(predict, [gr.Number(label=name) for name in names], "json", api_name=os.environ["API_NAME"])
demo.launch()
"""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.space", description=__doc__.splitlines()[0])
    parser.add_argument("--task", default="wine_type")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    store, task = open_store(read_settings()), task_named(options.task)
    print("| app | first answer after | processor by then | callers | p50 | p95 | answers |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder, registry(store, task, Path(folder) / "registry") as url:
        ours, older = Path(folder) / "ours", Path(folder) / "older"
        write_bundle(next(bundle.files for bundle in space_bundles(store) if bundle.name == "predict"), ours)
        write_bundle({"app.py": OLDER.encode()}, older)
        for name, place in (("ours, explained", ours), ("of the older kind", older)):
            for line in measured(place, task, url, options.seconds):
                print(f"| {name} | {line} |", flush=True)


def measured(place: Path, task: Task, url: str, seconds: float) -> Iterator[str]:
    """Start an app some times, then let callers ask the last one."""
    starts = []
    for number in range(STARTS):
        with running(place, task, url) as (client, process, began):
            asyncio.run(first_answer(client, task))
            starts.append((time.monotonic() - began, processor_seconds(process)))
            if number < STARTS - 1:
                continue
            took, used = (sorted(each)[STARTS // 2] for each in zip(*starts, strict=True))
            for callers in CALLERS:
                times = asyncio.run(ask(client, task, callers, seconds))
                p50, p95 = (sorted(times.answered)[int(len(times.answered) * share)] for share in (0.5, 0.95))
                yield (
                    f"{took:.1f} s | {used:.1f} s | {callers} | {p50 * 1000:.0f} ms | {p95 * 1000:.0f} ms "
                    f"| {len(times.answered)}, {len(times.errors)} errors"
                )


@contextmanager
def registry(store: Store, task: Task, folder: Path) -> Iterator[str]:
    """The address of the champion's members as joblib writes them."""
    champion = champion_version(store, task)
    if champion is None:
        raise NotReadyError(f"The task {task.name} has no champion. Run: make demo")
    folder.mkdir()
    joblib.dump(load_version(store, task, champion, models.load).estimator.members, folder / "model.pkl", compress=3)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}/model.pkl"
        server.shutdown()


@contextmanager
def running(place: Path, task: Task, url: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]", float]]:
    """An app as a process: its address, the process, and when it was started."""
    port = free_port(taken=[])
    environment = os.environ | {
        "GRADIO_SERVER_NAME": HOST, "GRADIO_SERVER_PORT": str(port), "MODEL_URL": url,
        "API_NAME": f"predict_{task.name}", "INPUTS": " ".join(task.inputs),
        "NO_PROXY": HOST, "no_proxy": HOST,  # an app asks itself whether it runs
    }  # fmt: skip
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "app.py"], cwd=place, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield f"http://{HOST}:{port}/gradio_api", process, began
    finally:
        process.terminate()
        process.wait()


async def first_answer(address: str, task: Task) -> None:
    """Return when an answer has come."""
    async with connection(address) as client:
        while True:
            try:
                await predict(client, task)
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
            else:
                return


async def ask(address: str, task: Task, callers: int, seconds: float) -> Times:
    """Let callers ask again and again, each as soon as it has its answer."""
    times, until = Times(), time.monotonic() + seconds

    async def one(client: httpx.AsyncClient) -> None:
        while time.monotonic() < until:
            try:
                times.answered.append(await timed(lambda: predict(client, task)))
            except (httpx.HTTPError, RuntimeError) as error:
                times.errors.append(str(error))

    async with connection(address) as client:
        await asyncio.gather(*(one(client) for _ in range(callers)))
    return times


def connection(address: str) -> httpx.AsyncClient:
    """A client that opens a connection a call, as another program each would."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=address, timeout=None, limits=limits)  # noqa: S113 - it is what is measured


async def predict(client: httpx.AsyncClient, task: Task) -> Any:  # noqa: ANN401 - JSON
    """Ask about a real sample."""
    return await call(client, f"predict_{task.name}", sample(task))


@cache
def sample(task: Task) -> list[Any]:
    """The inputs of a row of the data set."""
    row = task.dataset.load([]).rows.iloc[0]
    return [float(row[name]) if task.dataset.feature(name).kind == "numeric" else row[name] for name in task.inputs]


def processor_seconds(process: "subprocess.Popen[bytes]") -> float:
    """What a process has used of the processor so far (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
