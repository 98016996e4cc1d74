"""A data set that has a record counts where it was played, or where its source is asked for a place."""

import json

import pytest

from pipelines.cli.main import main
from pipelines.datasets import activate


@pytest.fixture(autouse=True)
def nothing_pinned(monkeypatch):
    monkeypatch.delenv("DATASETS", raising=False)
    activate([])


def datasets(capsys):
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    return set(json.loads(capsys.readouterr().out)["datasets"])


def test_nobody_who_set_nothing_meets_a_record(capsys):
    assert main(["backfill", "iris"]) == 0
    assert "weather" not in datasets(capsys)


def test_a_record_that_is_in_the_store_counts_and_gets_nothing_new(capsys):
    assert main(["backfill", "weather"]) == 0
    assert "weather" in datasets(capsys)
    assert main(["backfill", "iris"]) == 0
    assert main(["features"]) in {0, 1}  # wine has no history here
    assert "WEATHER_PLACE is" not in capsys.readouterr().err


def test_who_asks_for_it_without_a_place_hears_what_to_set(capsys):
    assert main(["backfill", "weather"]) == 0
    activate([])  # as in a process of its own
    assert main(["features", "weather"]) != 0
    assert "WEATHER_PLACE is not set" in " ".join(capsys.readouterr().err.split())


def test_where_a_place_is_set_it_counts_from_the_first_run_on(monkeypatch, capsys):
    monkeypatch.setenv("WEATHER_PLACE", "47.45,-122.31")
    assert main(["backfill", "iris"]) == 0
    assert "weather" in datasets(capsys)
