"""What classes and numbers do differently is found by the kind of the outcome, and nowhere asked for by hand."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Where both kinds are declared, and what only classes have is handed out.
DECLARED = {"pipelines/datasets/outcomes.py", "pipelines/datasets/spec.py"}
ASKED = re.compile(r"isinstance\([^)]*\b(Number|Classes)\b|outcome\.kind\s*[!=]=")


def test_no_module_asks_which_kind_an_outcome_is():
    sources = [path for room in ("pipelines", "spaces") for path in sorted((ROOT / room).rglob("*.py"))]
    asking = {path.relative_to(ROOT).as_posix() for path in sources if ASKED.search(path.read_text(encoding="utf-8"))}
    assert asking == DECLARED
