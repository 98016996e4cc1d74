"""The verbs that look after a repository."""

import json

import pytest

from pipelines.cli.main import main
from pipelines.errors import NotReadyError

ALONE = {
    "scorer": "macro_f1",
    "classes": ["poor", "fair", "excellent"],
    "verdict": "alone",
    "held_out": {"value": 0.59, "low": 0.55, "high": 0.63},
    "baseline": 0.25,
}


@pytest.fixture(autouse=True)
def comparisons(monkeypatch):
    """A comparison takes no time, and that of one task fails."""

    def compare(_, task, **__):
        if task.name == "wine_type":
            raise NotReadyError("no rows")
        return ALONE

    monkeypatch.setattr("pipelines.training.comparison.compare", compare)


def test_what_could_be_compared_is_written_and_the_rest_is_named(tmp_path, capsys):
    assert main(["compare", "--output", str(tmp_path / "comparison.json")]) == 1
    document = json.loads((tmp_path / "comparison.json").read_text())
    assert document["schema_version"] == 1
    assert document["failed"] == ["wine_type"]
    assert document["tasks"]["wine_grade"] == ALONE
    told = capsys.readouterr()
    assert "wine_grade: Macro-F1 0.590 (0.550 to 0.630), the majority class 0.250" in told.out
    assert "error: wine_type: no rows" in told.err


def test_one_task_alone_can_be_compared(tmp_path):
    assert main(["compare", "wine_grade", "--output", str(tmp_path / "comparison.json")]) == 0
    assert json.loads((tmp_path / "comparison.json").read_text())["failed"] == []
