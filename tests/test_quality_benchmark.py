import importlib.util
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[1] / "benchmarks" / "quality.py"


@pytest.fixture(scope="module")
def quality():
    spec = importlib.util.spec_from_file_location("quality", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_benchmark_prints_scores_beside_goals_and_older_models(quality, capsys, tmp_path):
    picture = tmp_path / "trade-off.png"
    quality.main(["iris_variety", "--folds", "3", "--repeats", "1", "--picture", str(picture)])
    printed = capsys.readouterr().out
    assert "| Accuracy | 0.9" in printed
    assert "majority | 2 neighbours |" in printed
    assert "forest + kernel" in printed
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_near_rows_that_straddle_a_split_stop_the_benchmark(quality):
    data = quality.whole_data(quality.task_named("iris_variety"), 150)
    rows = data.learning_rows
    members = np.flatnonzero(rows.groups == np.bincount(rows.groups).argmax())
    others = np.setdiff1d(np.arange(len(rows)), members[:1])
    with pytest.raises(AssertionError, match="straddle"):
        quality.pooled(data.task, rows, [(others, members[:1])], quality._searching(data.task, "quick"))


@pytest.mark.parametrize(("value", "verdict"), [(0.59, "goal"), (0.57, "must"), (0.5, "missed")])
def test_goals_tell_what_is_reached(quality, value, verdict):
    assert quality.Goal("macro_f1", 0.56, 0.58).verdict(value) == verdict
    assert quality.Goal("log_loss", -0.56, -0.58, quality.LOWER).verdict(-value) == verdict
