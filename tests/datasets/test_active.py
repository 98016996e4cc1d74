"""`DATASETS` says which data sets count: in verbs, on pages, in Spaces."""

import pytest

from pipelines.cli.main import main
from pipelines.datasets import activate, all_datasets, all_tasks, dataset_named, found_datasets, idle_modules
from pipelines.errors import SettingError, UsageError
from pipelines.publishing.bundle import space_bundles
from pipelines.settings import read_active
from pipelines.stores.embedded import EmbeddedStore


@pytest.mark.parametrize("text", ["iris, wine", " iris wine ", "iris,wine,iris", "\tiris\n,wine"])
def test_names_stand_with_commas_or_blanks_between_them(text):
    assert read_active({"DATASETS": text}) == ("iris", "wine")


def test_nothing_set_means_all():
    assert read_active({}) == read_active({"DATASETS": " "}) == ()


def test_what_is_no_list_of_names_is_refused():
    with pytest.raises(SettingError, match="DATASETS is 'iris; wine'; it must be names of data sets"):
        read_active({"DATASETS": "iris; wine"})


def test_only_the_active_ones_count():
    activate(["iris"])
    assert [dataset.name for dataset in all_datasets()] == ["iris"]
    assert {task.dataset.name for task in all_tasks()} == {"iris"}
    assert "wine" in {dataset.name for dataset in found_datasets()}
    assert "wine" in idle_modules()


def test_an_unknown_name_is_refused_with_the_known_ones_and_changes_nothing():
    before = all_datasets()
    with pytest.raises(
        UsageError, match=r"no data set 'beer' to be active; there is .*iris, .*wine\. Correct or unset"
    ):
        activate(["iris", "beer"])
    assert all_datasets() == before


def test_who_asks_for_one_that_is_left_out_hears_why():
    activate(["iris"])
    with pytest.raises(UsageError, match="no data set 'wine' now, since DATASETS is without wine; choose from iris"):
        dataset_named("wine")


def test_a_verb_over_all_leaves_the_others_out(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DATASETS", "iris")
    assert main(["backfill"]) == 0
    assert {path.name for path in (tmp_path / "store" / "tables").iterdir()} == {"iris"}
    assert main(["infer", "wine_grade"]) == 2
    assert "no task 'wine_grade' now, since DATASETS is without wine" in capsys.readouterr().err


def test_a_wrong_name_stops_every_verb_but_no_help(monkeypatch, capsys):
    monkeypatch.setenv("DATASETS", "beer")
    assert main(["status"]) == 2
    assert "no data set 'beer'" in capsys.readouterr().err
    assert main(["status", "--help"]) == 0


def test_a_space_has_the_modules_of_the_active_ones_only(tmp_path):
    activate(["iris"])
    for bundle in space_bundles(EmbeddedStore(tmp_path / "store")):
        assert "pipelines/datasets/iris.py" in bundle.files
        assert "pipelines/datasets/wine.py" not in bundle.files
