"""The short demo that several tests stand on."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.cli.main import main

DAYS, PER_DAY, END = 4, 6, date(2026, 3, 31)


def run_short_demo(store_dir: Path, *options: str, **environment: str) -> int:
    """Run it on a store folder, or with more settings on another store, through the command line; the exit code."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment, "STORE_DIR": str(store_dir)}.items():
            patch.setenv(name, value)
        return main(["demo", "--days", str(DAYS), "--per-day", str(PER_DAY), "--end", END.isoformat(), *options])
