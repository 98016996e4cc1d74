"""`python -m pipelines VERB`."""

import sys

INTERRUPTED = 130

try:
    from pipelines.cli.main import main

    code = main()
except KeyboardInterrupt:  # also while the command line itself is imported
    code = INTERRUPTED
if code == INTERRUPTED:
    print("error: interrupted", file=sys.stderr)  # noqa: T201 - the last line of a command
sys.exit(code)
