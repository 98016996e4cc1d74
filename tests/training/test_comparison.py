"""The code as it is against the champion, and what a comparison says."""

import json

import numpy as np
import pytest
from trainings import always, stub_model, telling, training_data
from workflows.scripts import load

from pipelines.datasets import task_named
from pipelines.documents.model import ModelInfo
from pipelines.training import comparison
from pipelines.training.comparison import compare, comparison_sentence
from pipelines.training.promotion import Decision, Unseen, against_champion

GRADE = task_named("wine_grade")
TOLD: ModelInfo = {
    "metrics": {"macro_f1": {"value": 0.59, "low": 0.55, "high": 0.63}},
    "baseline": {"macro_f1": 0.25},
}


@pytest.fixture(scope="module")
def held_out():
    return training_data("wine_grade").test.head(300)


@pytest.fixture
def met(monkeypatch, held_out):
    """A comparison of two models that answer as they are told; without a champion, where there is none."""

    def met(challenger, champion=None):
        model = stub_model(GRADE, challenger, version=0)
        model.info.update(TOLD)
        if champion is None:
            decision = Decision(promote=True, sentence="alone")
        else:
            one, rng = stub_model(GRADE, champion, version=1), np.random.default_rng(0)
            unseen = Unseen(held_out, held_out.head(0))
            decision = against_champion(GRADE, unseen, challenger=model, champion=one, rng=rng)
        monkeypatch.setattr(comparison, "_train", lambda *_, **__: (model, 2000, 21.4))
        monkeypatch.setattr(comparison, "champion_version", lambda *_: None if champion is None else 1)
        monkeypatch.setattr(comparison, "judge", lambda *_: decision)
        monkeypatch.setattr(comparison, "load_version", lambda *_: 1000)
        return compare(None, GRADE, runs=None, now=None, search="quick")

    return met


def test_a_better_model_is_told_with_its_interval(met, held_out):
    told = met(telling(GRADE, held_out, 0.8), telling(GRADE, held_out, 0.5))
    found = told["scores"]["macro_f1"]
    assert told["verdict"] == "better"
    assert found["before"] < found["after"]
    assert 0 < found["low"] < found["after"] - found["before"] < found["high"]
    sentence = comparison_sentence("wine_grade", told)
    assert sentence.startswith(f"wine_grade: Macro-F1 +{found['after'] - found['before']:.3f} (+")
    assert sentence.endswith(": better, it would become champion")


@pytest.mark.parametrize(
    ("after", "before", "verdict"), [(0.6, 0.6, "unsure"), (0.4, 0.9, "worse"), (None, 0.5, "worse")]
)
def test_what_is_not_better_is_not_called_so(met, held_out, after, before, verdict):
    challenger = always(GRADE, "fair") if after is None else telling(GRADE, held_out, after)
    assert met(challenger, telling(GRADE, held_out, before))["verdict"] == verdict


def test_both_models_are_described(met, held_out):
    told = met(telling(GRADE, held_out, 0.8), telling(GRADE, held_out, 0.5))
    assert (told["champion"], told["rows"], told["seconds"]) == (1, 300, 21.4)
    assert [told["models"][side]["bytes"] for side in ("before", "after")] == [1000, 2000]
    assert [np.sum(table) for table in told["confusion"].values()] == [300, 300]
    assert np.trace(told["confusion"]["after"]) > np.trace(told["confusion"]["before"])


def test_without_a_champion_the_score_stands_beside_the_majority(met, held_out):
    told = met(telling(GRADE, held_out, 0.8))
    assert "scores" not in told
    assert comparison_sentence("wine_grade", told) == (
        "wine_grade: Macro-F1 0.590 (0.550 to 0.630), the majority class 0.250: "
        "there is no champion to compare with, or too few rows"
    )


def test_the_comment_on_a_pull_request_can_read_it(met, held_out):
    result = load("comparison_result")
    assert result.VERDICTS.keys() == comparison.VERDICTS.keys()
    met_, alone = met(telling(GRADE, held_out, 0.8), telling(GRADE, held_out, 0.5)), met(telling(GRADE, held_out, 0.8))
    for told in (met_, alone):
        document = {"schema_version": 1, "tasks": {"wine_grade": told}, "failed": []}
        [read], failed, unknown = result.read_comparison(json.dumps(document).encode(), ["wine_grade"])
        assert (read.verdict, failed, unknown) == (told["verdict"], [], 0)
