"""What a person gets who gives the system something broken: one sentence, and a store that is as it was."""

import subprocess
import sys
from datetime import timedelta

import pandas as pd
import pytest

from pipelines.cli.main import main
from pipelines.datasets import dataset_named
from pipelines.stores.catalogue import quarantine_group, samples_group
from pipelines.stores.embedded import EmbeddedStore

WINE = dataset_named("wine")


@pytest.fixture
def wines():
    return WINE.load([]).rows.head(600).astype(object)


@pytest.fixture
def backfill(tmp_path, capsys):
    """Backfill a CSV text; returns the exit code, the error line and the store."""

    def call(content, *options, name="wines.csv"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else content.to_csv(index=False))
        code = main(["backfill", "wine", "--source", str(path), *options])
        lines = capsys.readouterr().err.strip().splitlines()
        return code, lines[-1] if lines else "", EmbeddedStore(tmp_path / "store")

    return call


def reasons(store):
    return " ".join(store.read(quarantine_group(WINE))["reasons"])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda wines: wines.drop(columns="alcohol"), "has no column alcohol; it needs fixed_acidity"),
        (lambda _: "", "is empty"),
        (lambda _: " \n\n", "is empty"),
        (lambda wines: wines.head(0), "has a header but no rows"),
        (lambda wines: wines.to_csv(index=False, sep="|"), "has no column fixed_acidity"),
        (lambda wines: wines.assign(quality="good"), "quality"),
    ],
)
def test_a_source_that_is_not_the_data_set_is_refused_and_nothing_is_written(backfill, wines, spoil, says):
    code, error, store = backfill(spoil(wines))
    assert code == 1
    assert says in error
    assert store.count(samples_group(WINE)) == 0
    assert store.count(quarantine_group(WINE)) == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("alcohol", "strong"),
        ("alcohol", "inf"),
        ("alcohol", "-9.4"),
        ("density", "1e999"),
        ("type", "rosé"),
        ("quality", "11"),
        ("quality", "5.5"),
    ],
)
def test_a_row_that_breaks_the_contract_goes_to_quarantine_and_the_run_goes_on(backfill, wines, column, value):
    wines.loc[3, column] = value
    code, _, store = backfill(wines)
    assert code == 0
    assert store.count(samples_group(WINE)) == len(wines) - 1
    assert column in reasons(store)
    ids = store.read(samples_group(WINE), columns=["sample_id"])["sample_id"]
    assert "wine-h-00003" not in set(ids)


def test_a_row_with_a_missing_measurement_is_kept(backfill, wines):
    wines.loc[3, "alcohol"] = None
    code, _, store = backfill(wines)
    assert code == 0
    assert store.count(samples_group(WINE)) == len(wines)


def test_a_hundred_thousand_duplicates_share_one_role(backfill, wines):
    many = pd.concat([wines, pd.concat([wines.head(1)] * 100_000)], ignore_index=True)
    code, _, store = backfill(many)
    rows = store.read(samples_group(WINE), columns=["sample_id", "role"])
    assert code == 0
    assert len(rows) == 100_600
    assert rows["sample_id"].is_unique
    copies = rows[rows["sample_id"].str.removeprefix("wine-h-").astype(int) >= 600]
    assert len(set(copies["role"])) == 1


def test_another_source_is_refused_without_replace(backfill, wines):
    assert backfill(wines)[0] == 0
    code, error, store = backfill(wines.head(500), name="other.csv")
    assert code == 1
    assert "--replace" in error
    assert store.count(samples_group(WINE)) == len(wines)
    assert backfill(wines.head(500), "--replace", name="other.csv")[0] == 0
    assert store.count(samples_group(WINE)) == 500


def test_the_steps_say_which_comes_first(capsys):
    for arguments, says in [
        (["features", "wine"], "python -m pipelines backfill wine"),
        (["train", "wine_grade", "--search", "quick"], "python -m pipelines backfill"),
        (["infer", "wine_grade"], "python -m pipelines train wine_grade"),
        (["promote", "wine_grade", "1", "--reason", "x"], "wine_grade has no version 1"),
    ]:
        assert main(arguments) == 1
        assert says in capsys.readouterr().err


def test_a_store_folder_that_is_a_file_is_named(capsys, tmp_path):
    (tmp_path / "store").write_text("not a folder")
    assert main(["backfill", "iris"]) == 1
    assert "store is a file" in capsys.readouterr().err


def test_a_store_that_cannot_be_written_is_named(capsys, monkeypatch):
    monkeypatch.setenv("STORE_DIR", "/proc/store")  # not even root can make a folder there
    assert main(["backfill", "iris"]) == 1
    assert "STORE_DIR (/proc/store) cannot be used" in capsys.readouterr().err


def test_a_model_with_one_byte_changed_is_refused(demo_copy, capsys):
    model = demo_copy.root / "models" / "iris_variety" / "1" / "model.skops"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    assert main(["features", "iris", "--date", "2026-04-01"]) == 0
    assert main(["infer", "iris_variety", "--date", "2026-04-01"]) == 1
    assert "model.skops" in capsys.readouterr().err.splitlines()[-1]
    assert main(["promote", "iris_variety", "1", "--reason", "again"]) == 1


def test_a_card_that_is_no_text_stops_no_promotion(demo_copy, caplog):
    (demo_copy.root / "models/iris_variety/1/card.md").write_bytes(b"caf\xe9")
    assert main(["promote", "iris_variety", "1", "--reason", "again"]) == 0
    assert "card.md was changed after it was saved" in caplog.text


def test_a_model_whose_description_is_damaged_stops_no_other(demo_copy, capsys):
    (demo_copy.root / "models/wine_grade/1/model.json").write_bytes(b'{"task": ')
    assert main(["status"]) == 0
    told = capsys.readouterr().out
    assert "WRONG  " in told
    assert "wine_grade/1/model.json is damaged" in told
    due = demo_copy.newest(samples_group(WINE)).date() + timedelta(days=1)
    assert main(["features", "wine", "--date", str(due)]) == 0
    assert main(["infer", "--date", str(due)]) == 1
    told = capsys.readouterr().err
    assert "wine_grade: wine_grade/1/model.json is damaged" in told
    assert "1 of 4 failed: wine_grade." in told
    demo_copy.put_file("site/models/iris_variety.json", b"<<<<<<< HEAD")
    assert main(["dashboard", "wine"]) == 0


def test_a_reason_in_another_encoding_is_kept_as_text(demo_copy):
    assert main(["promote", "iris_variety", "1", "--reason", "caf\udce9"]) == 0
    assert demo_copy.champion_log("iris_variety")[-1].reason == "caf?"


def test_a_file_name_in_another_encoding_is_kept_as_text(backfill, wines):
    code, _, store = backfill(wines, name="wines-\udce9.csv")
    assert code == 0
    assert b"wines-?.csv" in store.get_file("sources/wine.json")


def test_a_folder_in_the_place_of_a_description_stops_no_other(demo_copy, capsys):
    path = demo_copy.root / "models/wine_grade/1/model.json"
    path.unlink()
    path.mkdir()
    assert main(["status"]) == 0
    assert "wine_grade/1/model.json is damaged (it is no file)" in capsys.readouterr().out


def test_a_killed_backfill_is_completed_by_the_next(tmp_path):
    script = (
        "import os\nfrom pipelines.stores.embedded import tables\n"
        "tables.DeltaTables._merge = lambda *a: os.kill(os.getpid(), 9)\n"
        "from pipelines.cli.main import main\nmain(['backfill', 'iris'])"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert main(["backfill", "iris"]) == 0
    assert EmbeddedStore(tmp_path / "store").count(samples_group(dataset_named("iris"))) == 150
