"""Days of cron in a repository without a single secret: a first day, a missed week, doubled runs."""

import json
from datetime import timedelta

import pytest
from workflows.days import DATASET, TASK, arrivals, predictions, repository_of

from pipelines.datasets import all_datasets, dataset_named
from pipelines.stores.catalogue import samples_group


def test_every_job_of_the_story_succeeds(days):
    for name, run in days.runs.items():
        assert run.jobs, f"{name}: no job ran\n{run.log}"
        assert set(run.jobs.values()) == {"success"}, f"{name}:\n{run.log}"
        assert run.returncode == 0, name


def test_the_first_run_loads_the_history_and_makes_the_branch(days, store):
    assert days.heads["first features"]
    for dataset in all_datasets():
        history = store.read(samples_group(dataset), where={"origin": "historical"})
        assert len(history) > 100, dataset.name


@pytest.mark.parametrize("dataset", [dataset.name for dataset in all_datasets()])
def test_a_missed_week_is_caught_up_by_the_next_run(days, store, dataset):
    arrived = arrivals(store, dataset)["event_time"].dt.date.tolist()
    assert arrived == [days.today - timedelta(days=8), *days.missed, days.today]


def test_every_arrival_has_one_prediction_by_the_champion(store):
    arrived = arrivals(store)
    predicted = predictions(store, TASK)
    predicted = predicted[predicted["served"] == "champion"]
    assert sorted(predicted["sample_id"]) == sorted(arrived["sample_id"])
    assert predicted["run_url"].str.fullmatch(r"https://github\.com/acme/flowers/actions/runs/\d+").all()


def test_inference_before_the_first_training_passes_over_with_a_notice(days):
    assert f"{TASK} has no champion yet" in days.runs["inference too early"].log


def test_a_doubled_run_changes_nothing(days):
    assert days.heads["features again"] == days.heads["inference"]
    assert "nothing changed" in days.runs["features again"].log


def test_a_doubled_inference_predicts_nothing_anew(days, store):
    assert len(predictions(store, TASK)["predicted_at"].unique()) == 2
    assert days.runs["inference again"].jobs == {"inference": "success"}


def test_the_branch_has_one_commit_and_neither_locks_nor_notebooks_of_runs(days_folder):
    repository = repository_of(days_folder)
    assert repository.store_commits() == 1
    names = repository.store_files()
    assert not [name for name in names if name.startswith(("runs/", ".")) or "/." in name]
    assert {name.split("/")[0] for name in names} == {
        "tables",
        "models",
        "champions.json",
        "dashboard",
        "site",
        "sources",
        "backfills",
        "decisions",
    }


def test_training_by_dispatch_registers_a_champion_with_its_executed_notebook(days_folder, store):
    champion = store.champion(TASK)
    assert champion.version == 1
    names = repository_of(days_folder).store_files()
    assert f"models/{TASK}/1/training.ipynb" in names
    artifact = days_folder / "artifacts" / "training-notebooks-1"
    assert [path.name for path in artifact.rglob("*.ipynb")] == ["training.ipynb"]


def test_every_summary_tells_a_person_what_happened(days):
    for name in ("first features", "training", "first inference", "features", "inference"):
        assert days.runs[name].summary.strip(), name
    assert dataset_named(DATASET).title in days.runs["features"].summary
    assert "### ✅ 1 version trained" in days.runs["training"].summary
    assert "Version 1 becomes champion" in days.runs["training"].summary


def test_the_log_says_how_large_the_branch_is(days):
    assert "store: the branch store is now" in days.runs["features"].log


def test_what_somebody_should_look_at_is_handed_to_upkeep(days_folder):
    [file] = (days_folder / "artifacts" / "alarms").iterdir()
    document = json.loads(file.read_text())
    assert (file.name, document["store"]) == ("alarms.json", {"kind": "embedded"})


def test_a_new_version_is_attested_with_what_it_is_made_of(days_folder, store):
    digest = store.describe(TASK, 1)["sha256"]["model.skops"]
    kept = days_folder / "artifacts" / "attested"
    assert (kept / "checksums.txt").read_text() == f"{digest}  {TASK}/1/model.skops\n"
    parts = json.loads((kept / "sbom.cdx.json").read_text())["components"]
    assert {"scikit-learn", f"{TASK}/1/model.skops"} <= {part["name"] for part in parts}
