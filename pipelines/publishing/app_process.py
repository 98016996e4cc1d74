"""Run `app.py` of the working folder until whoever started this is gone, be it stopped or killed.

The standard input is a pipe that nobody writes to: the system closes it with the process at its other end.
"""

import os
import runpy
import sys
import threading
from pathlib import Path


def end_with_starter() -> None:
    """Wait for the end of the pipe, then end this process at once."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    # An app imports what lies beside it, and nothing of the folder that this file is in.
    sys.path[0] = str(Path.cwd())
    threading.Thread(target=end_with_starter, daemon=True).start()
    runpy.run_path("app.py", run_name="__main__")
