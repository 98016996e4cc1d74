"""Several verbs in one process, with `--then` between them."""

import json

import pytest

from pipelines.cli.main import main
from pipelines.datasets import activate


def test_each_begins_where_the_one_before_has_done_its_work(capsys):
    verbs = ["backfill", "iris", "--then", "features", "iris", "--date=2026-09-02", "--per-day=3", "--then", "status"]
    assert main([*verbs, "--json"]) == 0
    told = capsys.readouterr().out
    document = json.loads(told[told.index('{\n  "as_of"') :])
    assert document["datasets"]["iris"]["simulated"] == 3


def test_the_first_that_fails_is_the_last(capsys):
    assert main(["backfill", "iris", "--then", "infer", "iris_variety", "--then", "backfill", "wine"]) == 1
    assert "Run: python -m pipelines train" in capsys.readouterr().err
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["datasets"]["wine"]["rows"] == 0


def test_alarms_end_the_row_and_are_left_in_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("pipelines.cli.alarms.alarms", lambda *_: {"alarms": ["one"]})
    told = tmp_path / "alarms.json"
    assert main(["alarms", "--json", f"--output={told}", "--then", "backfill", "iris"]) == 3
    assert json.loads(told.read_text()) == json.loads(capsys.readouterr().out) == {"alarms": ["one"]}


@pytest.mark.parametrize("rest", [(), ("everything",), ("--then", "status")])
def test_what_is_no_verb_is_told_before_the_first_begins(rest, capsys):
    assert main(["backfill", "iris", "--then", *rest]) == 2
    ended = capsys.readouterr()
    assert "After --then comes a verb" in ended.err
    assert ended.out == ""


def test_a_record_counts_for_the_verb_after_the_one_that_loaded_it(monkeypatch, capsys):
    monkeypatch.delenv("DATASETS", raising=False)
    activate([])
    assert main(["backfill", "iris", "--then", "backfill", "weather", "--then", "status", "--json"]) == 0
    told = capsys.readouterr().out
    assert "weather" in json.loads(told[told.index('{\n  "as_of"') :])["datasets"]
