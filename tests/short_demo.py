"""The short demo that several tests stand on."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.cli import main

DAYS, PER_DAY, END = 4, 6, date(2026, 3, 31)


def run_short_demo(store_dir: Path) -> int:
    """Run it on a store folder, through the command line; returns the exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORE_DIR", str(store_dir))
        return main(["demo", "--days", str(DAYS), "--per-day", str(PER_DAY), "--end", END.isoformat()])
