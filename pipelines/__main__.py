"""`python -m pipelines VERB`."""

import gc
import os
import sys

INTERRUPTED = 130

# Most of what a verb makes are modules, which stay: looking for garbage among them is a tenth of a short one.
gc.set_threshold(100_000)

# A stream that was closed (`>&-`) goes nowhere; else a file of the store would take its place.
for number, name in enumerate(("stdin", "stdout", "stderr")):
    if getattr(sys, name) is None:
        setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), "w" if number else "r"))

try:
    from pipelines.cli.main import main

    code = main()
except KeyboardInterrupt:  # also while the command line itself is imported
    code = INTERRUPTED
if code == INTERRUPTED:
    print("error: interrupted", file=sys.stderr)  # noqa: T201 - the last line of a command
gc.freeze()  # a process that ends need not look for garbage, which takes a third of a second
sys.exit(code)
