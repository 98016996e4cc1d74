"""The scripts beside the workflows, as modules: they are in no package, because the jobs run them as files."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / ".github" / "scripts"


def load(name: str) -> ModuleType:
    """The module of a script, one and the same for all tests, as the scripts import each other."""
    if str(SCRIPTS) not in sys.path:
        sys.path.insert(0, str(SCRIPTS))
    return importlib.import_module(name)
