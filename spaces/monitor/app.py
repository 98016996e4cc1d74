"""The Space `monitor`: the app of `pipelines.apps.monitor` on the copies beside this file."""

from pathlib import Path

from pipelines.apps.look import launch
from pipelines.apps.monitor import build

demo = build(Path(__file__).parent)

if __name__ == "__main__":
    launch(demo, tools=False)
