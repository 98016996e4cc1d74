import io
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from hub.cards import front_matter
from hub.repositories import Account
from hub.repositories import Hub as HubState
from hub.server import running

from pipelines.datasets import all_tasks, dataset_named
from pipelines.errors import PublishError, SettingError
from pipelines.publishing.hub import Hub
from pipelines.publishing.publish import publish_record
from pipelines.publishing.record import record_files
from pipelines.settings import HubSettings, read_settings
from pipelines.stores.catalogue import predictions_group, samples_group

TODAY = datetime(2026, 4, 1, tzinfo=UTC).date()
RECORD = "acme/record"


@pytest.fixture(name="stand_in")
def fixture_stand_in():
    accounts = {"hf_writer_token": Account("acme", plan="free"), "hf_reader_token": Account("acme", role="read")}
    with running(HubState(accounts=accounts)) as stand_in:
        yield stand_in


@pytest.fixture(name="put")
def fixture_put(stand_in, demo_copy):
    def put(day=TODAY, token="hf_writer_token", *, dry_run=False):  # noqa: S107
        hub = Hub(HubSettings(token=token, endpoint=stand_in.url), sleep=lambda _: None, kind="dataset")
        return publish_record(demo_copy, hub, RECORD, day, dry_run=dry_run)

    return put


def repository(stand_in):
    return stand_in.space(f"datasets/{RECORD}")


def another_prediction(store):
    group = predictions_group(all_tasks()[0])
    store.upsert(group, store.read(group).head(1).assign(run_url="https://example.org/runs/another"))


def test_every_sample_and_prediction_is_in_the_data_set(put, stand_in, demo_copy):
    report = put()
    assert (report.outcome, report.url) == ("created", f"{stand_in.url}/datasets/{RECORD}")
    files = {path: blob.content for path, blob in repository(stand_in).head.files.items()}
    for group in (samples_group(dataset_named("wine")), *map(predictions_group, all_tasks())):
        table = pq.read_table(io.BytesIO(files[f"data/{group.name}.parquet"]))
        assert table.num_rows == demo_copy.count(group)
        assert table.column_names == group.column_names


def test_the_card_names_each_file_for_the_viewer_and_tells_the_licence(put, stand_in):
    put()
    files = repository(stand_in).head.files
    card = files["README.md"].content.decode()
    matter = front_matter(card)
    assert (matter["license"], matter["task_categories"]) == ("cc-by-4.0", ["tabular-classification"])
    named = {config["data_files"]: config["config_name"] for config in matter["configs"]}
    assert set(named) == {path for path in files if path.endswith(".parquet")}
    assert named["data/wine_grade_predictions.parquet"] == "wine_grade_predictions"
    assert f'load_dataset("{RECORD}", ' in card
    assert "| `alcohol` | double | The share of alcohol by volume. (% vol) |" in card


def test_nothing_is_committed_when_nothing_changed(put, stand_in):
    put()
    assert put(TODAY + timedelta(days=1)).outcome == "unchanged"
    assert [commit.summary for commit in repository(stand_in).commits] == ["initial commit", "Record of 2026-04-01"]


def test_there_is_one_commit_a_day_at_most(put, stand_in, demo_copy):
    put()
    another_prediction(demo_copy)
    assert put().outcome == "tomorrow"
    assert len(repository(stand_in).commits) == 2
    report = put(TODAY + timedelta(days=1))
    assert report.outcome == "updated"
    assert repository(stand_in).head.changed == report.change.paths
    assert len(report.change.paths) == 1


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(put, stand_in):
    report = put(dry_run=True)
    assert report.outcome == "created"
    assert "README.md" in report.change.write
    assert stand_in.hub.spaces == {}
    assert {request.method for request in stand_in.log} == {"GET"}


def test_a_file_of_somebody_else_stays_and_a_group_that_is_gone_goes(put, stand_in):
    put()
    space = repository(stand_in)
    blob = space.head.files["README.md"]
    space.append({**space.head.files, "data/gone.parquet": blob, "notes.md": blob}, "by hand", "acme")
    put(TODAY + timedelta(days=1))
    assert "notes.md" in space.head.files
    assert "data/gone.parquet" not in space.head.files


def test_a_run_that_broke_off_after_creating_is_finished_by_the_next(put, stand_in):
    stand_in.fail("POST", "/commit/", status=403)
    with pytest.raises(PublishError, match="may not do this"):
        put()
    assert put().outcome == "updated"
    assert repository(stand_in).head.summary == "Record of 2026-04-01"


def test_the_same_store_gives_the_same_bytes(demo_store):
    assert record_files(demo_store, RECORD) == record_files(demo_store, RECORD)


@pytest.mark.parametrize("name", ["record", "my-team/wine.record_2"])
def test_a_name_is_taken_with_its_namespace_or_without(name):
    assert read_settings({"HF_DATASET": f" {name} "}).hub.dataset == name


@pytest.mark.parametrize("name", ["a/b/c", "https://huggingface.co/datasets/a/b", "two words", "/a", "..", "a/"])
def test_a_name_that_cannot_be_is_refused_in_one_sentence(name):
    with pytest.raises(SettingError, match=r"HF_DATASET is .* such as wine-record or my-team/wine-record"):
        read_settings({"HF_DATASET": name})
