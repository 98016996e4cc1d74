import json

import pytest
import short_demo
from made_up_days import RIVER, days

from pipelines.cli import status
from pipelines.cli.main import main
from pipelines.datasets import all_tasks
from pipelines.datasets.contract import validate
from pipelines.datasets.series import complete, each_day_once
from pipelines.documents import parse
from pipelines.documents.status import DatasetStatus, StatusDocument, TaskStatus
from pipelines.stores.catalogue import samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.rows import conform


def test_the_document_has_the_shape_that_programs_rely_on(demo_copy, capsys):
    assert main(["status", "--json"]) == 0
    document = parse(capsys.readouterr().out, StatusDocument, newest=1)
    assert document["schema_version"] == 1
    assert set(document) == set(StatusDocument.__annotations__)
    assert all(set(task) == TaskStatus.__required_keys__ for task in document["tasks"].values())
    assert all(set(held) <= set(DatasetStatus.__annotations__) for held in document["datasets"].values())
    assert document["store"] == {"kind": "embedded", "location": str(demo_copy.root)}
    arrived = short_demo.DAYS * short_demo.PER_DAY
    assert document["datasets"]["wine"] == {
        "rows": 6497 + arrived, "simulated": arrived, "replayed": 0,
        "newest_day": short_demo.END.isoformat(), "quarantined": 0,
    }  # fmt: skip
    assert set(document["tasks"]) == {task.name for task in all_tasks()}
    grade = document["tasks"]["wine_grade"]
    assert (grade["versions"], grade["champion"], grade["predictions"]) == ([1], 1, arrived)
    assert grade["newest_day"] == short_demo.END.isoformat()
    held_out = grade["held_out"]["macro_f1"]
    assert held_out["low"] < held_out["value"] < held_out["high"]
    assert grade["baseline"]["macro_f1"] < held_out["value"]
    assert grade["live"]["n"] == arrived
    assert grade["awaiting"] == {"n": 0, "since": None, "overdue_after": None}
    assert grade["live"]["accuracy"]["low"] <= grade["live"]["accuracy"]["value"] <= grade["live"]["accuracy"]["high"]


def test_what_cannot_be_told_is_null_in_the_document(capsys):
    assert main(["backfill", "iris"]) == 0
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    assert json.loads(text)["tasks"]["iris_variety"]["live"]["accuracy"]["value"] is None


def test_the_text_names_every_task(demo_copy, capsys):
    assert main(["status"]) == 0
    text = capsys.readouterr().out
    assert str(demo_copy.root) in text
    assert all(task.name in text for task in all_tasks())


@pytest.mark.usefixtures("demo_copy")
def test_the_tables_fit_a_terminal_and_tell_no_number_that_the_pages_do_not(capsys):
    assert main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if not line.startswith("store:")) <= 80
    assert sum("not enough data yet" in line for line in lines if line.startswith("wine_grade")) == 2
    assert "wine_grade: not enough data yet: 24 of 30 samples" in lines


def test_a_store_that_is_not_there_is_said_to_be_none(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("STORE_DIR", str(tmp_path / "stroe"))
    for options in ([], ["--json"]):
        assert main(["status", *options]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert f"There is no store at {tmp_path / 'stroe'}" in told.err
    assert not (tmp_path / "stroe").exists()


def test_arrivals_are_counted_where_history_reaches_beyond_them(tmp_path):
    store = EmbeddedStore(tmp_path / "store")
    rows = complete(RIVER, each_day_once(RIVER, validate(RIVER, days(6)).accepted))
    origins = ["historical", "historical", "replayed", "replayed", "replayed", "historical"]
    store.upsert(samples_group(RIVER), conform(rows.assign(origin=origins, role=None), samples_group(RIVER)))
    about = status._dataset_status(store, RIVER)
    assert (about["rows"], about["replayed"]) == (6, 3)
    assert about["newest_day"] == rows["event_time"].iloc[4].date().isoformat()
