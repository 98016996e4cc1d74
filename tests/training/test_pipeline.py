import json
import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sklearn

from pipelines import models
from pipelines.datasets import dataset_named, task_named
from pipelines.errors import ChampionMoved, ModelRefused, NotFound, UsageError, VersionTaken
from pipelines.features.daily import backfill
from pipelines.models import write_info
from pipelines.stores.base import ChampionEntry
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training import pipeline as training
from pipelines.training import promotion
from pipelines.training.pipeline import load_training_data, needs_training, nothing_new, register_candidate

IRIS, VARIETY = dataset_named("iris"), task_named("iris_variety")
NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A store with the flowers, a candidate trained on them, and a notebook."""
    folder = tmp_path_factory.mktemp("original")
    store = EmbeddedStore(folder / "store")
    backfill(store, IRIS, sources=[], now=NOW)
    trained = training.fit(load_training_data(store, VARIETY), size="quick", seed=0)
    training.save_candidate(trained, folder / "candidate", commit="c" * 40)
    (folder / "notebook.ipynb").write_text("{}")
    return folder


@pytest.fixture
def place(original, tmp_path):
    return shutil.copytree(original, tmp_path / "place")


@pytest.fixture
def store(place):
    return EmbeddedStore(place / "store")


def register(store, place, promote="auto", now=NOW):
    return register_candidate(
        store, VARIETY, candidate=place / "candidate", notebook=place / "notebook.ipynb", now=now, who="ada",
        promote=promote,
    )  # fmt: skip


def rewrite(folder, **changes):
    """Change the description of a model folder as a program would that knows the checksums."""
    write_info(folder, {**json.loads((folder / "model.json").read_text()), **changes})


def version_folder(store, version):
    return store.root / "models" / VARIETY.name / str(version)


def test_the_first_version_becomes_champion_and_says_why(store, place):
    report = register(store, place)
    assert (report.version, report.promoted, report.champion) == (1, True, 1)
    entry = store.champion(VARIETY.name)
    assert (entry.version, entry.who, entry.when) == (1, "ada", NOW)
    fingerprint = load_training_data(store, VARIETY).fingerprint
    assert entry.reason == f"{report.sentence} Data {fingerprint[:12]}, commit cccccccccccc."
    assert "has no champion yet" in report.sentence
    assert report.metrics["macro_f1"]["low"] > report.baseline["macro_f1"]


def test_a_version_is_complete(store, place):
    register(store, place)
    info = store.describe(VARIETY.name, 1)
    assert {path.name for path in version_folder(store, 1).iterdir()} == {
        "model.skops", "model.json", "card.md", "training.ipynb",
    }  # fmt: skip
    assert set(info["sha256"]) == {"model.skops", "card.md", "training.ipynb"}
    assert (info["version"], info["created"]) == (1, "2026-11-21T07:00:00+00:00")
    wanted = {"task", "classes", "inputs", "decision", "metrics", "baseline", "confusion", "data", "scikit_learn",
              "python", "commit", "search", "importance", "calibration", "by_category", "environment"}  # fmt: skip
    assert wanted <= set(info)
    assert "version 1" in (version_folder(store, 1) / "card.md").read_text()
    assert "version" not in models.read_info(place / "candidate")


def test_an_equal_version_stays_challenger(store, place):
    register(store, place)
    report = register(store, place)
    assert (report.version, report.promoted, report.champion) == (2, False, 1)
    assert store.champion(VARIETY.name).version == 1
    assert "no sure gain" in report.sentence


@pytest.mark.parametrize(("order", "champion"), [("always", 2), ("never", 1)])
def test_a_person_may_order(store, place, order, champion):
    register(store, place)
    report = register(store, place, promote=order)
    assert report.champion == store.champion(VARIETY.name).version == champion
    assert "ada ordered" in report.sentence


def test_never_leaves_a_store_without_champion(store, place):
    assert register(store, place, promote="never").champion is None
    assert store.champion(VARIETY.name) is None


def test_an_unknown_rule_or_search_is_refused(store, place):
    with pytest.raises(UsageError, match="auto, always, never"):
        register(store, place, promote="maybe")
    with pytest.raises(UsageError, match="quick, full"):
        training.fit(load_training_data(store, VARIETY), size="huge", seed=0)


def test_a_champion_that_cannot_be_loaded_is_replaced_and_the_sentence_says_so(store, place):
    register(store, place)
    rewrite(version_folder(store, 1), scikit_learn="0.24.2")
    report = register(store, place)
    assert (report.promoted, report.champion) == (True, 2)
    assert "version 1, can no longer predict" in report.sentence
    assert "scikit-learn 0.24.2" in report.sentence


def test_a_champion_of_another_source_is_not_compared_on_rows_that_it_may_know(store, place):
    register(store, place)
    info = store.describe(VARIETY.name, 1)
    rewrite(version_folder(store, 1), data={**info["data"], "source": {"name": "old.csv", "sha256": "1" * 64}})
    report = register(store, place)
    assert report.promoted
    assert "learned from another source" in report.sentence


def test_a_champion_with_other_classes_is_not_compared(store, place):
    register(store, place)
    info = store.describe(VARIETY.name, 1)
    rewrite(version_folder(store, 1), classes=["setosa", "versicolor", "sibirica"], decision=info["decision"])
    report = register(store, place)
    assert report.promoted
    assert "other classes or inputs" in report.sentence


def test_a_damaged_candidate_is_not_registered(store, place):
    content = bytearray((place / "candidate" / "model.skops").read_bytes())
    content[100] ^= 1
    (place / "candidate" / "model.skops").write_bytes(content)
    with pytest.raises(ModelRefused, match="changed"):
        register(store, place)
    assert store.versions(VARIETY.name) == []


def test_a_candidate_of_another_task_is_not_registered(store, place):
    rewrite(place / "candidate", task="wine_type")
    with pytest.raises(ModelRefused, match="wine_type, not of iris_variety"):
        register(store, place)


class Contested(EmbeddedStore):
    """A store in which other runs are quicker for a while."""

    lost_versions = lost_moves = 0

    def register(self, view, version, folder):
        if self.lost_versions:
            self.lost_versions -= 1
            raise VersionTaken("another run")
        super().register(view, version, folder)

    def move_champion(self, entry, expected):
        if self.lost_moves:
            self.lost_moves -= 1
            raise ChampionMoved("another run")
        super().move_champion(entry, expected)


def test_the_report_has_the_card_of_the_version(store, place):
    report = register(store, place)
    assert report.card == (version_folder(store, 1) / "card.md").read_text()


def killed(store, place, monkeypatch):
    """Register a version in a run that is killed before it decides."""

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "decide_succession", die)
        with pytest.raises(KeyboardInterrupt):
            register(store, place)


def train_again(store, seed=0, size="quick", promote="auto"):
    return training.decide_left_over(store, VARIETY, size=size, seed=seed, now=NOW, who="ada", promote=promote)


def test_the_repeat_of_a_killed_training_decides_on_its_version(store, place, monkeypatch):
    killed(store, place, monkeypatch)
    assert store.champion(VARIETY.name) is None
    report = train_again(store)
    assert (report.version, report.promoted, report.champion) == (1, True, 1)
    assert report.card == (version_folder(store, 1) / "card.md").read_text()
    assert store.versions(VARIETY.name) == [1]
    assert train_again(store) is None


def test_a_card_that_somebody_took_away_stops_no_decision(store, place, monkeypatch):
    killed(store, place, monkeypatch)
    (version_folder(store, 1) / "card.md").unlink()
    report = train_again(store)
    assert (report.champion, report.card) == (1, "")


def test_an_undecided_version_is_decided_on_before_another_is_trained(store, place, monkeypatch):
    killed(store, place, monkeypatch)
    assert train_again(store, seed=1, promote="never") is None
    assert store.champion(VARIETY.name).version == 1


def test_an_undecided_challenger_is_decided_on_once(store, place, monkeypatch):
    register(store, place)
    killed(store, place, monkeypatch)
    report = train_again(store)
    assert (report.version, report.promoted, report.champion) == (2, False, 1)
    assert train_again(store) is None


@pytest.mark.parametrize("before", [0, 1])
def test_a_decision_that_was_made_but_not_written_down_is_written_by_the_repeat(store, place, monkeypatch, before):
    for _ in range(before):
        register(store, place)
    with monkeypatch.context() as patch:
        patch.setattr(training, "remember_decision", lambda *_: None)
        first = register(store, place, promote="always")
    report, version = train_again(store), first.version
    assert (report.version, report.promoted, report.champion) == (version, True, version)
    assert report.sentence == first.sentence
    assert len(store.champion_log(VARIETY.name)) == version
    assert train_again(store) is None


def test_a_store_of_before_decisions_were_written_down_counts_as_decided(store, place):
    for _ in range(2):
        register(store, place)
    (store.root / "decisions" / f"{VARIETY.name}.json").unlink()
    assert train_again(store) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000])
def test_a_damaged_decision_is_made_again(store, place, content, caplog):
    register(store, place)
    register(store, place)
    store.put_file(f"decisions/{VARIETY.name}.json", content)
    assert train_again(store) is None
    assert "decisions/iris_variety.json" in caplog.text
    assert "python -m pipelines train iris_variety" in caplog.text
    assert register(store, place).version == 3
    assert train_again(store) is None


def test_an_undecided_version_that_cannot_be_loaded_is_passed_over(store, place, monkeypatch, caplog):
    killed(store, place, monkeypatch)
    (version_folder(store, 1) / "model.skops").write_bytes(b"")
    assert train_again(store) is None
    assert "model.skops was changed" in caplog.text


def test_an_undecided_version_that_learned_from_another_source_is_passed_over(store, place, monkeypatch, caplog):
    killed(store, place, monkeypatch)
    data = models.read_info(version_folder(store, 1))["data"]
    rewrite(
        version_folder(store, 1), data={**data, "source": {**data["source"], "sha256": "0" * 64, "name": "other.csv"}}
    )
    assert train_again(store) is None
    assert store.champion(VARIETY.name) is None
    assert "other.csv" in caplog.text


def test_other_runs_may_be_quicker_for_a_while(place):
    store = Contested(place / "store")
    store.lost_versions, store.lost_moves = 4, 4
    assert register(store, place).champion == 1


def test_other_runs_may_not_be_quicker_for_ever(place):
    store = Contested(place / "store")
    store.lost_versions = 5
    with pytest.raises(VersionTaken, match="5 times"):
        register(store, place)
    store.lost_versions, store.lost_moves = 0, 5
    with pytest.raises(ChampionMoved, match="by hand"):
        register(store, place)


def promote(store, version, reason="it was better"):
    return promotion.promote(store, VARIETY, version, when=NOW + timedelta(days=1), who="grace", reason=reason)


def test_a_rollback_moves_the_champion_back(store, place):
    register(store, place)
    register(store, place, promote="always")
    entry = promote(store, 1)
    assert store.champion(VARIETY.name) == entry
    assert [each.version for each in store.champion_log(VARIETY.name)] == [1, 2, 1]
    assert (entry.who, entry.reason) == ("grace", "it was better")


def test_a_version_that_does_not_load_is_not_promoted(store, place):
    register(store, place)
    register(store, place, promote="always")
    rewrite(version_folder(store, 1), scikit_learn="0.24.2")
    with pytest.raises(ModelRefused):
        promote(store, 1)
    assert store.champion(VARIETY.name).version == 2


def test_a_version_that_learned_from_another_source_is_not_promoted(store, place):
    register(store, place)
    IRIS.load([]).rows.iloc[5:].to_csv(place / "other.csv", index=False)
    backfill(store, IRIS, [place / "other.csv"], NOW, replace=True)
    assert store.champion(VARIETY.name) is None
    with pytest.raises(
        ModelRefused, match=r"learned from scikit-learn's iris, and the store now has those of other\.csv"
    ):
        promote(store, 1)


def test_a_version_that_cannot_be_judged_is_not_promoted(store, place):
    register(store, place, promote="never")
    folder = version_folder(store, 1)
    info = json.loads((folder / "model.json").read_text())
    write_info(folder, {key: value for key, value in info.items() if key != "metrics"})
    with pytest.raises(ModelRefused, match=r"cannot be judged by its model.json: it lacks metrics. Train a new"):
        promote(store, 1)


def test_a_promotion_needs_a_version_and_a_reason(store, place):
    register(store, place)
    with pytest.raises(NotFound):
        promote(store, 7)
    with pytest.raises(UsageError, match="reason"):
        promote(store, 1, reason="  ")


def test_training_is_needed_until_there_is_a_champion_for_these_data(store, place):
    assert needs_training(store, VARIETY)
    register(store, place)
    assert not needs_training(store, VARIETY)


def test_training_is_needed_for_other_data_and_other_software(store, place):
    register(store, place)
    info = store.describe(VARIETY.name, 1)
    rewrite(version_folder(store, 1), data={**info["data"], "fingerprint": "0" * 64})
    assert needs_training(store, VARIETY)
    rewrite(version_folder(store, 1), data=info["data"], scikit_learn="0.24.2")
    assert needs_training(store, VARIETY)
    rewrite(version_folder(store, 1), scikit_learn=sklearn.__version__)
    assert not needs_training(store, VARIETY)


def test_there_is_nothing_new_once_any_version_has_learned_from_the_rows_of_today(store, place):
    assert nothing_new(store, VARIETY) == ""
    register(store, place)
    assert "nothing new to learn, because version 1 has learned from all" in nothing_new(store, VARIETY)
    register(store, place, promote="never")
    data = store.describe(VARIETY.name, 1)["data"]
    rewrite(version_folder(store, 1), data={**data, "fingerprint": "0" * 64})
    assert "version 2 has learned" in nothing_new(store, VARIETY)
    rewrite(version_folder(store, 2), data={**data, "fingerprint": "0" * 64})
    assert nothing_new(store, VARIETY) == ""


def test_a_champion_that_cannot_be_used_needs_a_training_whatever_there_is_to_learn(store, place):
    register(store, place)
    rewrite(version_folder(store, 1), scikit_learn="0.24.2")
    assert nothing_new(store, VARIETY) == ""


def test_training_is_needed_when_the_champion_was_withdrawn(store, place):
    register(store, place)
    store.move_champion(ChampionEntry(VARIETY.name, None, NOW, "ada", "withdrawn"), 1)
    assert needs_training(store, VARIETY)
    assert register(store, place).champion == 2


def test_the_same_data_and_seed_give_the_same_scores(store):
    data = load_training_data(store, VARIETY)
    one, other = (training.fit(data, size="quick", seed=1) for _ in range(2))
    assert one.evaluation.document() == other.evaluation.document()
    assert np.isfinite(one.evaluation.scores["log_loss"].value)


def test_a_version_is_never_registered_with_the_notebook_of_another_training(store, place):
    ran = {"metadata": {"papermill": {"parameters": {"task": VARIETY.name, "search": "quick", "seed": 1}}}}
    (place / "notebook.ipynb").write_text(json.dumps(ran))
    with pytest.raises(ModelRefused, match=r"was run with seed 1 and not 0 as the model was"):
        register(store, place)
    assert store.versions(VARIETY.name) == []
    ran["metadata"]["papermill"]["parameters"]["seed"] = 0
    (place / "notebook.ipynb").write_text(json.dumps(ran))
    assert register(store, place).version == 1
