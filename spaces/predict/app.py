"""The Space `predict`: the app of `pipelines.apps.predict` on the copies beside this file."""

from pathlib import Path

from pipelines.apps.look import launch
from pipelines.apps.predict import build

demo = build(Path(__file__).parent)

if __name__ == "__main__":
    launch(demo, tools=True)
