"""The Space `predict`: the app of `spaces.predict.page` on the copies beside this file."""

from pathlib import Path

import spaces.zero_gpu  # noqa: F401 - before all that might touch a graphics card
from spaces.markup import launch
from spaces.predict.page import build

demo = build(Path(__file__).parent)

if __name__ == "__main__":
    launch(demo, "Play against the models, or ask them about a sample or a file.", tools=True)
