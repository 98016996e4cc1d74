import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.cli.main import main
from pipelines.datasets import dataset_named
from pipelines.stores.catalogue import samples_group
from pipelines.stores.embedded import EmbeddedStore

VERBS = {"backfill", "features", "train", "infer", "dashboard", "promote", "status", "doctor", "demo", "publish",
         "copy", "serve", "repair"}  # fmt: skip


def run(*arguments, **environment):
    """The command line as a person calls it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def refusal(capsys, *arguments) -> str:
    """The last line of a call that was wrong use."""
    try:
        code = main(arguments)
    except SystemExit as stop:  # argparse
        code = stop.code
    assert code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_help_names_every_verb_with_a_sentence():
    text = run("--help").stdout
    described = dict(re.findall(r"^    (\w+)\s+([A-Z].*)", text, flags=re.MULTILINE))
    assert set(described) == VERBS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help(capsys, verb):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    assert "usage: python -m pipelines" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "VERB"),
        (["frobnicate"], "frobnicate"),
        (["train", "wine_colour"], "no task 'wine_colour'; choose from iris_variety, wine_quality"),
        (["features", "beer"], "no data set 'beer'; choose from iris, wine"),
        (["promote", "wine_colour", "1", "--reason", "x"], "invalid choice: 'wine_colour'"),
        (["promote", "wine_grade", "newest", "--reason", "x"], "'newest' is not a whole number"),
        (["promote", "wine_grade", "1"], "--reason"),
        (["features", "--date", "31.12.2025"], "write it as YYYY-MM-DD"),
        (["features", "--date", "2025-02-30"], "write it as YYYY-MM-DD"),
        (["features", "--per-day", "0"], "not a whole number from 1 to 10000"),
        (["features", "--per-day", "-1"], "--per-day"),
        (["features", "--scenario", "meteor"], "invalid choice: 'meteor'"),
        (["demo", "--days", "367"], "not a whole number from 1 to 366"),
        (["backfill", "--source", "x.csv"], "--source belongs to one data set"),
        (["copy", "--from", "embedded", "--to", "embedded"], "they must differ"),
    ],
)
def test_wrong_use_is_named(capsys, arguments, says):
    assert says in refusal(capsys, *arguments)


@pytest.mark.parametrize("arguments", [["features", "--date"], ["infer", "--date"], ["demo", "--end"]])
def test_a_future_day_is_refused(capsys, arguments):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert f"{tomorrow} is in the future" in refusal(capsys, *arguments, tomorrow)


def test_white_space_around_a_number_and_a_day_does_not_matter(tmp_path):
    assert main(["backfill", "iris"]) == 0
    assert main(["features", "iris", "--per-day=2\n", "--date= 2026-03-01 "]) == 0
    assert EmbeddedStore(tmp_path / "store").count(samples_group(dataset_named("iris"))) == 152


def test_a_wrong_setting_is_wrong_use(capsys, monkeypatch):
    monkeypatch.setenv("STORE", "postgres")
    assert "STORE is 'postgres'; it can be embedded or hopsworks" in refusal(capsys, "status")


def test_hopsworks_without_a_key_is_refused_before_anything_is_asked(capsys, monkeypatch):
    monkeypatch.setenv("STORE", "hopsworks")
    assert main(["status"]) != 0
    assert "HOPSWORKS_API_KEY" in capsys.readouterr().err


def test_status_of_an_empty_store(capsys, tmp_path):
    assert main(["status", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["store"] == {"kind": "embedded", "location": str(tmp_path / "store")}
    assert document["datasets"]["wine"]["rows"] == 0
    assert document["tasks"]["wine_grade"]["champion"] is None
    assert not (tmp_path / "store").exists()


def test_results_go_to_stdout_and_progress_to_stderr(tmp_path):
    done = run("backfill", "iris", STORE_DIR=str(tmp_path / "store"))
    assert done.returncode == 0
    assert "150" in done.stdout
    assert "backfill iris" in done.stderr


def test_a_job_summary_is_appended_and_log_groups_are_opened_on_actions(monkeypatch, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(["backfill", "iris"]) == 0
    assert summary.read_text().startswith("before\n")
    assert "150" in summary.read_text()


def test_an_error_on_actions_is_an_annotation(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(["backfill", "iris", "--source", "absent.csv"]) == 1
    assert "::error::Cannot read the source absent.csv" in capsys.readouterr().err
