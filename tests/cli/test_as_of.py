"""The numbers of a past day, asked for on the command line."""

from datetime import timedelta

import short_demo

from pipelines.cli.main import main
from pipelines.wording import day_words


def test_the_numbers_of_a_past_day_are_told_and_nothing_is_written(demo_copy, capsys):
    day = short_demo.END - timedelta(days=1)
    before = {path: path.stat().st_mtime_ns for path in demo_copy.root.rglob("*")}
    assert main(["dashboard", "iris", "--as-of", day.isoformat()]) == 0
    told = capsys.readouterr().out
    assert f"As of {day_words(day)}" in told
    assert "0 files changed." in told
    assert {path: path.stat().st_mtime_ns for path in demo_copy.root.rglob("*")} == before


def test_a_day_that_has_not_come_is_refused(capsys):
    assert main(["dashboard", "--as-of", "2999-01-01"]) == 2
    assert "--as-of 2999-01-01 is in the future" in capsys.readouterr().err
