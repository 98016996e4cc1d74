"""How the Space *predict* bears many callers at once: errors, times and memory, on the current store.

    STORE_DIR=... python -m benchmarks.load [--callers 200] [--seconds 60] [--calls 5000] [--pages 5]

Both Spaces are started as by `python -m pipelines serve`. First the callers ask for a minute, each again as soon as it
has its answer; then a few callers ask while somebody has whole files predicted; then some pages in Chromium ask for a
minute; at last many calls in a row, each without a session, tell whether memory stays. Memory is what the process of
the Space holds (Linux).
"""

import argparse
import asyncio
import itertools
import json
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
from playwright.async_api import Browser, async_playwright

from pipelines.datasets import all_tasks
from pipelines.publishing.serve import App, running_apps
from pipelines.settings import read_settings
from pipelines.stores import open_store
from tests.browser import chromium

TASK = "iris_variety"
SAMPLE = [5.8, 2.7, 5.1, 1.9]  # a virginica
FILE_TASK = "wine_quality"  # the most work a row

# Beside whole files, so few that they alone leave the machine idle in between.
FEW_CALLERS, FILES, ROWS, PAUSE_S = 5, 3, 20_000, 0.2
IN_A_ROW_AT_ONCE = 4
# That a page shows another answer than before, and none that is about to change.
ANSWERED = """before => { const shown = document.querySelector("#answer-iris");
  return shown.innerText !== before && !shown.querySelector(".stale"); }"""
PATIENCE_MS = 120_000
MEASURED_EVERY = 1000


@dataclass
class Times:
    """Seconds that answers took, and how many calls ended in no answer."""

    answered: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        cuts = quantiles(self.answered, n=20)
        return (
            f"{len(self.answered)} answers, {len(self.errors)} errors, p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s, "
            f"longest {max(self.answered):.2f} s"
        )


def main() -> None:
    """Start the Spaces, load the one that predicts, and print what was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__.splitlines()[0])
    parser.add_argument("--callers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--pages", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_apps(open_store(read_settings()), Path(folder)) as apps:
        space = next(app for app in apps if app.name == "predict")
        wait_for(space)
        asyncio.run(measure(space, options.callers, options.seconds, options.pages, options.calls))


def wait_for(space: App) -> None:
    """Return when the Space answers."""
    while space.process.poll() is None:
        try:
            httpx.get(space.url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The Space ended; its last lines are above.")


async def measure(space: App, callers: int, seconds: float, pages: int, calls: int) -> None:
    """All four measurements, each a line or two."""
    # Each call is another program's, with a connection of its own.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=f"{space.url}/gradio_api", timeout=None, limits=limits) as client:  # noqa: S113 - it is what is measured
        await predict(client, TASK)
        print(f"at the start: {memory_mb(space)} MB")
        times = await ask(client, callers, until=time.monotonic() + seconds)
        print(f"{callers} callers for {seconds:.0f} s: {times}; {memory_mb(space)} MB")
        for error in sorted(set(times.errors))[:3]:
            print(f"  {error}")
        await beside_files(client)
        times = await in_pages(space, pages, until=time.monotonic() + seconds)
        print(f"{pages} pages in Chromium for {seconds:.0f} s: {times}; {memory_mb(space)} MB")
        for done in range(MEASURED_EVERY, calls + 1, MEASURED_EVERY):
            await in_a_row(client, MEASURED_EVERY)
            print(f"after {done} calls without a session: {memory_mb(space)} MB")


async def beside_files(client: httpx.AsyncClient) -> None:
    """What a few callers wait, alone and while whole files are predicted."""
    alone = await ask(client, FEW_CALLERS, until=time.monotonic() + 10, pause=PAUSE_S)
    print(f"{FEW_CALLERS} callers alone: {alone}")
    file = await upload(client)
    begun = time.monotonic()
    files = asyncio.gather(*(timed(lambda: call(client, "predict_file", [FILE_TASK, file])) for _ in range(FILES)))
    beside = await ask(client, FEW_CALLERS, until=files.done, pause=PAUSE_S)
    each = ", ".join(f"{seconds:.1f} s" for seconds in await files)
    print(f"{FEW_CALLERS} callers beside {FILES} files of {ROWS} rows: {beside}")
    print(f"  the files were done after {each}; all in {time.monotonic() - begun:.1f} s")


async def in_pages(space: App, pages: int, until: float) -> Times:
    """Let people in so many pages change a value again and again, each as soon as the answer to the last is there."""
    times = Times()

    async def one(browser: Browser, number: int) -> None:
        page = await browser.new_page()
        page.on("pageerror", lambda error: times.errors.append(str(error)))
        await page.goto(space.url)
        await page.locator("#tab-iris-button").click()
        for turn in itertools.count():
            if time.monotonic() >= until:
                return
            before = await page.locator("#answer-iris").inner_text()
            await page.locator("#iris-petal_length").fill(f"{1 + (number + 7 * turn) % 50 / 10:.1f}")
            answered = partial(page.wait_for_function, ANSWERED, arg=before, timeout=PATIENCE_MS)
            times.answered.append(await timed(answered))

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        await asyncio.gather(*(one(browser, number) for number in range(pages)))
        await browser.close()
    return times


async def in_a_row(client: httpx.AsyncClient, calls: int) -> None:
    """So many calls, a few at once."""
    for _ in range(0, calls, IN_A_ROW_AT_ONCE):
        await asyncio.gather(*(predict(client, TASK) for _ in range(IN_A_ROW_AT_ONCE)))


async def ask(client: httpx.AsyncClient, callers: int, until: float | Callable[[], bool], pause: float = 0.0) -> Times:
    """Let callers ask again and again, until a time (of the monotonic clock) or until something is so."""
    times = Times()
    over = until if callable(until) else lambda: time.monotonic() >= until

    async def one() -> None:
        while not over():
            try:
                times.answered.append(await timed(lambda: predict(client, TASK)))
            except (httpx.HTTPError, RuntimeError) as error:
                times.errors.append(f"{type(error).__name__}: {error}"[:200])
            await asyncio.sleep(pause)

    await asyncio.gather(*(one() for _ in range(callers)))
    return times


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """How many seconds some work takes."""
    begun = time.monotonic()
    await work()
    return time.monotonic() - begun


async def predict(client: httpx.AsyncClient, task: str) -> None:
    """Ask for one prediction, and see that it is one."""
    answer = await call(client, f"predict_{task}", SAMPLE)
    if "prediction" not in str(answer):
        raise RuntimeError(f"no prediction in {answer}")


async def call(client: httpx.AsyncClient, name: str, data: list[Any]) -> object:
    """Call an endpoint as a program without a session does: ask, then read the events until the answer."""
    asked = await client.post(f"/call/{name}", json={"data": data})
    asked.raise_for_status()
    event = ""
    async with client.stream("GET", f"/call/{name}/{asked.json()['event_id']}") as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            kind, _, rest = line.partition(": ")
            event = rest if kind == "event" else event
            if kind == "data" and event == "complete":
                return json.loads(rest)
            if kind == "data" and event == "error":
                raise RuntimeError(rest)
    raise RuntimeError("the answer ended before it was complete")


async def upload(client: httpx.AsyncClient) -> dict[str, Any]:
    """Upload a file of the largest kind that is taken, and return what stands for it in a call."""
    task = next(task for task in all_tasks() if task.name == FILE_TASK)
    rows = task.dataset.load([]).rows[list(task.inputs)].sample(ROWS, replace=True, random_state=0)
    text = rows.to_csv(index=False)
    answer = await client.post("/upload", files={"files": ("many.csv", text.encode())})
    answer.raise_for_status()
    return {"path": answer.json()[0], "orig_name": "many.csv", "meta": {"_type": "gradio.FileData"}}


def memory_mb(space: App) -> int:
    """The resident memory of a Space's process."""
    status = Path(f"/proc/{space.process.pid}/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) // 1024


if __name__ == "__main__":
    main()
