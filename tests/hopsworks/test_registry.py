"""What is odd about the model registry and the files of Hopsworks, and does not show through the store."""

import dataclasses
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_groups import READINGS, VIEW, day, model_folder, readings

from pipelines.errors import ChampionMoved, StoreError, StoreUnavailable, VersionTaken
from pipelines.stores.base import ChampionEntry, Column
from pipelines.stores.hopsworks import champions, claims, sdk
from pipelines.stores.hopsworks.folders import HOME
from pipelines.stores.hopsworks.registry import numbers

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

METRICS = {"accuracy": {"value": 0.9, "low": 0.8, "high": 0.95}, "log_loss": 0.3, "recall_9": float("nan"), "note": "x"}

WITH_ROLE = dataclasses.replace(READINGS, columns=(*READINGS.columns, Column("role", "string")))
ROLE_VIEW = dataclasses.replace(VIEW, group=WITH_ROLE, inputs=("value", "remark"))


def entry(version, reason="because"):
    return ChampionEntry("a_task", version, NOON, "someone", reason)


def model(store, version):
    with sdk.quiet():
        return store.connection.models.get_model("a_task", version=version)


def test_people_see_metrics_schema_example_and_all_files(delta_store, tmp_path):
    rows = readings(("a", 1, day(0)), ("b", 2, day(1)), remark="r").assign(value=[1.5, 2.5], role=["test", "train"])
    delta_store.upsert(WITH_ROLE, rows)
    folder = model_folder(tmp_path / "candidate", metrics=METRICS)
    (folder / "training.ipynb").write_text("{}")
    delta_store.register(ROLE_VIEW, 1, folder)
    known = model(delta_store, 1)
    assert known.training_metrics == {"accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95, "log_loss": 0.3}
    assert known.description == ROLE_VIEW.description
    stored = set(delta_store.folders.walk("Models/a_task/1/Files"))
    names = ("model.json", "model.skops", "training.ipynb", "pictures/confusion.png")
    assert stored == {f"Models/a_task/1/Files/{name}" for name in names}
    schema = json.loads(delta_store.folders.read("Models/a_task/1/model_schema.json"))
    assert [field["name"] for field in schema["input_schema"]["columnar_schema"]] == ["value", "remark"]
    assert [field["name"] for field in schema["output_schema"]["columnar_schema"]] == ["grade"]
    example = json.loads(delta_store.folders.read("Models/a_task/1/input_example.json"))
    assert example == {"value": 2.5, "remark": "r"}


def test_a_model_knows_its_feature_view_and_training_data(delta_store, tmp_path):
    rows = readings(("a", 1, "1936-09-01"), ("b", 2, day(1))).assign(value=[1.5, 2.5], role=["train", "reserve"])
    delta_store.upsert(WITH_ROLE, rows)
    delta_store.register(ROLE_VIEW, 1, model_folder(tmp_path / "one"))
    delta_store.register(ROLE_VIEW, 2, model_folder(tmp_path / "two"))
    with sdk.quiet():
        (view,) = delta_store.connection.features.get_feature_views("a_task")
        data = [dataset.version for dataset in view.get_training_datasets()]
        rows, labels = view.get_training_data(data[0])
    assert [feature.name for feature in view.features if feature.label] == ["grade"]
    assert data == [1, 2]
    assert list(rows["value"]) == [1.5]
    assert list(labels.columns) == ["grade"]


def test_training_data_are_not_cut_by_variables_of_a_scheduler(delta_store, tmp_path, monkeypatch):
    delta_store.upsert(WITH_ROLE, readings(("a", 1, day(0))).assign(role="train"))
    monkeypatch.setenv("HOPS_END_TIME", "1950-01-01T00:00:00.000000Z")
    delta_store.register(ROLE_VIEW, 1, model_folder(tmp_path / "one"))
    assert delta_store.folders.exists("Models/a_task/1/input_example.json")


def test_another_definition_makes_another_version_of_the_feature_view(delta_store, tmp_path):
    folder = model_folder(tmp_path / "one")
    delta_store.register(VIEW, 1, folder)
    wider = dataclasses.replace(VIEW, inputs=("value", "remark"))
    delta_store.register(wider, 2, folder)
    delta_store.register(dataclasses.replace(wider, label="remark"), 3, folder)
    delta_store.register(wider, 4, folder)
    with sdk.quiet():
        views = delta_store.connection.features.get_feature_views("a_task")
    definitions = {view.version: [(feature.name, feature.label) for feature in view.features] for view in views}
    assert definitions == {
        1: [("value", False), ("grade", True)],
        2: [("value", False), ("remark", False), ("grade", True)],
        3: [("value", False), ("remark", True)],
        4: [("value", False), ("remark", False), ("grade", True)],
    }


def test_a_metric_has_one_finite_number_and_a_plain_name():
    assert numbers({"recall_very good": 1, "f1": {"value": float("inf"), "low": True}}) == {"recall_very_good": 1.0}
    assert numbers(None) == {}


def test_without_a_number_nothing_is_taken_for_the_newest(delta_store, tmp_path):
    for version in (1, 2):
        delta_store.register(VIEW, version, model_folder(tmp_path / str(version), version=version))
    delta_store.move_champion(entry(2), None)
    assert delta_store.describe("a_task", delta_store.champion("a_task").version)["version"] == 2


def test_a_download_is_never_taken_from_the_cache_of_the_client(delta_store, tmp_path, monkeypatch):
    from hopsworks_common import constants

    monkeypatch.setattr(constants.MODEL_REGISTRY, "MODEL_CACHE_DIR_DEFAULT", str(tmp_path / "cache"))
    delta_store.register(VIEW, 1, model_folder(tmp_path / "one"))
    delta_store.download("a_task", 1, tmp_path / "copy")
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("POST .*dataset/upload.*Files", {"drop": "before"}),
        ("POST .*dataset/upload.*Files", {"drop": "after"}),
        ("POST .*dataset/upload.*Files", {"status": 503, "times": 4}),
        ("POST .*dataset.*a_task/1/Files.*action=create", {"status": 500}),
        ("PUT .*models/a_task_1", {"drop": "before"}),
        ("PUT .*models/a_task_1", {"drop": "after"}),
        ("GET .*models/a_task_1", {"drop": "after", "skip": 2}),
    ],
)
def test_a_registration_survives_a_fault_anywhere(delta_store, emulator, tmp_path, line, fault):
    emulator.fault(line, **fault)
    folder = model_folder(tmp_path / "one")
    delta_store.register(VIEW, 1, folder)
    assert delta_store.versions("a_task") == [1]
    copy = delta_store.download("a_task", 1, tmp_path / "copy")
    assert sorted(path.name for path in copy.rglob("*.*")) == sorted(path.name for path in folder.rglob("*.*"))
    assert delta_store.folders.names(f"{HOME}/registrations/a_task") == []


def test_a_hiccup_in_the_middle_does_not_upload_everything_again(delta_store, emulator, tmp_path):
    for line in ("GET .*models/a_task_1", "POST .*Files/pictures.*action=create", "PUT .*models/a_task_1"):
        emulator.fault(line, status=503)
    delta_store.register(VIEW, 1, model_folder(tmp_path / "one"))
    assert len(emulator.log("503 ")) == 3
    assert len([line for line in emulator.log("dataset/upload") if "/Files" in line]) == 3


@pytest.mark.usefixtures("impatient")
def test_a_registration_that_failed_can_be_done_again(delta_store, emulator, tmp_path):
    emulator.fault("POST .*dataset/upload.*Files", drop="before", times=-1)
    folder = model_folder(tmp_path / "one")
    with pytest.raises(StoreUnavailable, match="register the model a_task"):
        delta_store.register(VIEW, 1, folder)
    assert delta_store.versions("a_task") == []
    emulator.reset()
    delta_store.register(VIEW, 1, folder)
    assert delta_store.versions("a_task") == [1]


def test_a_version_that_lost_its_files_is_no_version(delta_store, tmp_path):
    folder = model_folder(tmp_path / "one")
    delta_store.register(VIEW, 1, folder)
    delta_store.folders.remove("Models/a_task/1")
    assert delta_store.versions("a_task") == []
    delta_store.register(VIEW, 1, folder)
    assert delta_store.versions("a_task") == [1]


REGISTER_AND_DIE = """
import sys
sys.path.insert(0, "tests")
from pathlib import Path
from small_groups import VIEW
from pipelines.settings import read_settings
from pipelines.stores import open_store
open_store(read_settings()).register(VIEW, 1, Path(sys.argv[1]))
"""


def start_to_register(emulator, folder):
    """A process that is registering version 1, in the middle of its second upload."""
    emulator.fault("POST .*dataset/upload.*Files", delay=20, skip=1)
    script = [sys.executable, "-c", REGISTER_AND_DIE, str(folder)]
    process = subprocess.Popen(script, cwd=ROOT, env={"PATH": "", **emulator.environment("delta")})
    while not emulator.waiting():
        assert process.poll() is None
        time.sleep(0.05)
    return process


def test_what_a_killed_registration_left_is_cleared_away_by_the_next(delta_store, emulator, tmp_path):
    folder = model_folder(tmp_path / "one")
    process = start_to_register(emulator, folder)
    process.kill()
    process.wait()
    emulator.reset()
    assert delta_store.folders.names("Models/a_task/1/Files")
    assert delta_store.versions("a_task") == []
    delta_store.register(VIEW, 1, folder)
    assert delta_store.versions("a_task") == [1]


def test_a_registration_that_is_going_on_is_not_disturbed(delta_store, emulator, tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(claims, "POLL_SECONDS", 0.1)
    process = start_to_register(emulator, model_folder(tmp_path / "one"))
    stored = delta_store.folders.names("Models/a_task/1/Files")
    with ThreadPoolExecutor() as pool:
        second = pool.submit(delta_store.register, VIEW, 1, model_folder(tmp_path / "two"))
        time.sleep(0.7)
        assert not second.done()
        process.kill()
        process.wait()
        emulator.reset()
        second.result()
    assert stored
    assert delta_store.versions("a_task") == [1]


def other_claim(store, version, machine="another machine"):
    owner = {"process": "another", "machine": machine, "pid": 1}
    path = f"{HOME}/registrations/a_task/{version}/000001.json"
    with sdk.quiet():
        assert store.folders.create(path, json.dumps(owner).encode())


def test_a_claim_of_another_machine_is_waited_for_and_then_taken(delta_store, tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(claims, "POLL_SECONDS", 0.1)
    other_claim(delta_store, 1)
    begun = time.monotonic()
    delta_store.register(VIEW, 1, model_folder(tmp_path / "one"))
    assert time.monotonic() - begun > 0.5
    assert delta_store.versions("a_task") == [1]


def test_who_comes_second_is_told_that_the_version_is_taken(delta_store, tmp_path, monkeypatch):
    other_claim(delta_store, 1)

    def finished(_):
        delta_store.folders.remove(f"{HOME}/registrations/a_task/1")

    monkeypatch.setattr(claims.time, "sleep", finished)
    with pytest.raises(VersionTaken, match=r"1 of a_task"):
        delta_store.register(VIEW, 1, model_folder(tmp_path / "one"))


def test_of_two_that_move_the_champion_at_once_one_is_told(delta_store, tmp_path, monkeypatch):
    for version in (1, 2):
        delta_store.register(VIEW, version, model_folder(tmp_path / str(version)))
    create = champions.ChampionLog._create_file

    def beaten(store, path, content):
        monkeypatch.setattr(champions.ChampionLog, "_create_file", create)
        store.move_champion(entry(2, "was faster"), None)
        return create(store, path, content)

    monkeypatch.setattr(champions.ChampionLog, "_create_file", beaten)
    with pytest.raises(ChampionMoved, match="version 2"):
        delta_store.move_champion(entry(1), None)
    assert [known.reason for known in delta_store.champion_log("a_task")] == ["was faster"]


MOVE = """
import sys
sys.path.insert(0, "tests")
from datetime import datetime, UTC
from pipelines.errors import ChampionMoved
from pipelines.settings import read_settings
from pipelines.stores import open_store
from pipelines.stores.base import ChampionEntry
store = open_store(read_settings())
print(store.champion("a_task"), flush=True)
sys.stdin.readline()
try:
    store.move_champion(ChampionEntry("a_task", int(sys.argv[1]), datetime.now(UTC), sys.argv[1], "race"), None)
    print("moved")
except ChampionMoved:
    print("told")
"""


def test_two_processes_agree_on_the_champion(delta_store, emulator, tmp_path):
    for version in (1, 2):
        delta_store.register(VIEW, version, model_folder(tmp_path / str(version)))
    environment = {"PATH": "", **emulator.environment("delta")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [
        subprocess.Popen([sys.executable, "-c", MOVE, version], cwd=ROOT, env=environment, **pipes) for version in "12"
    ]
    for process in processes:
        assert process.stdout.readline() == "None\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    outcomes = [process.communicate()[0].strip() for process in processes]
    assert sorted(outcomes) == ["moved", "told"]
    assert delta_store.champion("a_task").version == outcomes.index("moved") + 1
    assert len(delta_store.champion_log("a_task")) == 1


@pytest.mark.usefixtures("impatient")
def test_a_file_that_an_earlier_attempt_was_still_uploading_does_not_stop_the_next(delta_store, tmp_path, monkeypatch):
    from hopsworks_common.client.exceptions import DatasetException
    from hsml.model import Model

    save, calls = Model.save, []

    def save_after_a_straggler(self, *arguments, **options):
        calls.append(self)
        if len(calls) == 1:
            raise DatasetException("model.skops already exists, set overwrite=True to overwrite it")
        return save(self, *arguments, **options)

    monkeypatch.setattr(Model, "save", save_after_a_straggler)
    delta_store.register(VIEW, 1, model_folder(tmp_path / "one"))
    assert delta_store.versions("a_task") == [1]
    assert len(calls) == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("stage", ["before", "after", "partial"])
@pytest.mark.parametrize("line", ["POST .*dataset/upload.*pending", "POST .*action=move"])
def test_a_champion_is_moved_once_whatever_happens_on_the_way(delta_store, emulator, tmp_path, stage, line):
    delta_store.register(VIEW, 1, model_folder(tmp_path / "one"))
    emulator.fault(line, drop=stage)
    delta_store.move_champion(entry(1), None)
    assert delta_store.champion_log("a_task") == [entry(1)]


def test_people_see_the_champion_by_its_tag(delta_store, emulator, tmp_path):
    emulator.knobs(tag_schemas=["champion"])
    for version in (1, 2):
        delta_store.register(VIEW, version, model_folder(tmp_path / str(version)))
    tagged = []
    for version, expected in ((1, None), (2, 1), (None, 2)):
        delta_store.move_champion(entry(version), expected)
        with sdk.quiet():
            tagged.append([number for number in (1, 2) if "champion" in model(delta_store, number).get_tags()])
    assert tagged == [[1], [2], []]


def test_an_administrator_needs_no_tag_schema(delta_store, emulator, tmp_path):
    emulator.knobs(administrator=True)
    delta_store.register(VIEW, 1, model_folder(tmp_path / "one"))
    delta_store.move_champion(entry(1), None)
    with sdk.quiet():
        assert model(delta_store, 1).get_tags()["champion"]["reason"] == "because"


def test_without_the_tag_schema_the_champion_is_moved_and_a_word_is_said(delta_store, tmp_path, caplog):
    delta_store.register(VIEW, 1, model_folder(tmp_path / "one"))
    delta_store.move_champion(entry(1), None)
    assert delta_store.champion("a_task") == entry(1)
    assert "ask an administrator" in caplog.text


def test_a_champion_log_that_cannot_be_read_is_told(delta_store):
    with sdk.quiet():
        delta_store.folders.create(f"{HOME}/champions/a_task/000001.json", b"{")
    with pytest.raises(StoreError, match=r"000001.json .* is damaged"):
        delta_store.champion("a_task")


@pytest.mark.usefixtures("impatient")
def test_a_file_is_never_missing_for_those_who_read_it(delta_store, emulator):
    delta_store.put_file("dashboard/x.json", b"old")
    emulator.fault("POST .*action=move", status=500, times=-1)
    with pytest.raises(StoreUnavailable):
        delta_store.put_file("dashboard/x.json", b"new")
    assert delta_store.get_file("dashboard/x.json") == b"new"
    emulator.reset()
    delta_store.put_file("dashboard/x.json", b"newer")
    assert delta_store.get_file("dashboard/x.json") == b"newer"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("stage", ["before", "after", "partial"])
def test_a_file_is_replaced_whatever_happens_on_the_way(delta_store, emulator, stage):
    delta_store.put_file("dashboard/x.json", b"old")
    for line in ("POST .*dataset/upload", "DELETE .*dataset", "POST .*action=move"):
        emulator.fault(line, drop=stage)
    delta_store.put_file("dashboard/x.json", b"new")
    assert delta_store.get_file("dashboard/x.json") == b"new"


def test_an_equal_file_is_not_written_again(delta_store, emulator):
    delta_store.put_file("dashboard/x.json", b"old")
    emulator.reset()
    delta_store.put_file("dashboard/x.json", b"old")
    assert not emulator.log("POST")


@pytest.mark.usefixtures("impatient")
def test_a_server_error_is_no_missing_file(delta_store, emulator):
    delta_store.put_file("dashboard/x.json", b"old")
    emulator.fault("GET .*dashboard%2Fx.json|GET .*dashboard/x.json", status=500, times=-1)
    with pytest.raises(StoreUnavailable):
        delta_store.get_file("dashboard/x.json")


def test_an_empty_folder_and_more_than_a_page_of_files(delta_store, monkeypatch):
    monkeypatch.setattr("pipelines.stores.hopsworks.folders.PAGE", 3)
    assert delta_store.list_files("") == []
    names = [f"runs/{number}.txt" for number in range(7)]
    for name in names:
        delta_store.put_file(name, b"x")
    assert delta_store.list_files("runs/") == names
