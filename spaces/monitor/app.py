"""The Space `monitor`: the app of `spaces.monitor.page` on what `publish` put beside this file."""

from pathlib import Path

import spaces.zero_gpu  # noqa: F401 - before all that might touch a graphics card
from spaces.markup import launch
from spaces.monitor.page import STYLE, build

demo = build(Path(__file__).parent)

if __name__ == "__main__":
    launch(demo, "How the models of a serverless system do, day by day.", tools=False, css=STYLE)
