import copy
import re

import pytest
from trainings import trained

from pipelines.datasets import task_named
from pipelines.training.card import render_card

GRADE = task_named("wine_grade")
WINE = GRADE.dataset


@pytest.fixture(scope="module")
def info():
    done = trained("wine_grade", 800)
    made = {"version": 3, "created": "2026-11-21T07:00:00+00:00", "scikit_learn": "1.9.1", "commit": "abc123"}
    return {**done.model.info, **done.evaluation.document(), **made}


@pytest.fixture(scope="module")
def card(info):
    return render_card(GRADE, info)


def test_the_card_has_every_section(card):
    titles = re.findall("^#+ (.*)$", card, re.MULTILINE)
    assert titles == [
        "Wine grade, version 3", "Intended use", "Data", "Model", "Scores on held-out rows", "Decision rule",
        "Each class among the others", "Calibration", "What it relies on", "Limits", "How to load it", "Origin",
    ]  # fmt: skip


def test_the_card_begins_with_three_lines_for_who_decides(card, info):
    lines = card.split("\n\n")[2].splitlines()
    assert [line.split(":**")[0] for line in lines] == [
        "- **What it does", "- **How good it is", "- **When not to trust it",
    ]  # fmt: skip
    assert f"right about {round(100 * info['metrics']['accuracy']['value'])} of 100 wines" in lines[1]
    assert "always saying fair would be right about" in lines[1]
    weakest = min(GRADE.classes, key=lambda name: info["metrics"][f"recall_{name}"]["value"])
    assert f"{weakest} wines, its weakest class." in lines[2]


def test_the_card_tells_where_the_data_come_from(card, info):
    for word in (info["data"]["fingerprint"], WINE.provenance.citation, "CC BY 4.0", "0" * 64, "No simulated row"):
        assert word in card


def test_the_name_of_a_source_is_no_markup(info):
    hostile = copy.deepcopy(info)
    hostile["data"]["source"]["name"] = "<img src=x onerror=alert(1)>|[a](javascript:b).csv"
    card = render_card(GRADE, hostile)
    assert "<img" not in card
    assert "[a](" not in card


def test_the_card_tells_scores_with_intervals_beside_the_baseline(card, info):
    found = info["metrics"]["macro_f1"]
    line = f"| Macro-F1 | {found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f}) |"
    assert line + f" {info['baseline']['macro_f1']:.3f} |" in card


def test_the_card_tells_each_class_and_each_type(card):
    for name in ("poor", "fair", "excellent", "red", "white"):
        assert re.search(rf"^\| {name} \| \d+ \| 0\.\d+ \(0\.\d+ to [01]\.\d+\)", card, re.MULTILINE), name


def test_precision_is_down_the_column_and_recall_along_the_row(info):
    turned = copy.deepcopy(info)
    turned["confusion"] = [[5, 15, 0], [5, 85, 0], [0, 0, 50]]
    turned["metrics"]["recall_poor"] = {"value": 0.25, "low": 0.1, "high": 0.5}
    assert "| poor | 20 | 0.250 (0.100 to 0.500) | 0.500 |" in render_card(GRADE, turned)


def test_the_card_tells_the_rule_and_what_it_costs(card, info):
    cost = info["decision_cost"]
    assert f"poor {info['decision']['weights']['poor']:.2f}" in card
    was, now = (cost[name]["accuracy"] for name in ("most_probable", "rule"))
    assert f"accuracy goes from {was:.3f} to {now:.3f}" in card


def test_the_card_warns_of_classes_with_few_test_rows(info):
    few = copy.deepcopy(info)
    few["confusion"] = [[3, 2, 0], [5, 85, 0], [0, 0, 50]]
    assert "Fewer than 30 test rows: poor;" in render_card(GRADE, few)


def test_the_card_tells_how_to_load_it(card):
    assert "models.load(" in card
    assert "scikit-learn 1.9.1" in card
    assert "abc123" in card


def test_every_table_has_as_many_cells_a_row_as_its_header(card):
    for table in re.findall(r"(?:^\|.*\n?)+", card, re.MULTILINE):
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1, table


def test_a_score_that_cannot_be_told_is_a_dash(info):
    unknown = copy.deepcopy(info)
    unknown["metrics"]["recall_poor"] = {"value": None, "low": None, "high": None}
    unknown["confusion"] = [[0, 0, 0], [0, 90, 0], [0, 0, 50]]
    assert "| poor | 0 | - | - |" in render_card(GRADE, unknown)


@pytest.mark.parametrize("name", ["iris_variety", "wine_quality"])
def test_every_kind_of_task_has_a_card(name):
    task, done = task_named(name), trained(name, None if name == "iris_variety" else 800)
    made = {"version": 1, "created": "2026-11-21T07:00:00+00:00", "scikit_learn": "1.9.1", "commit": ""}
    text = render_card(task, {**done.model.info, **done.evaluation.document(), **made})
    assert not re.search(r"\bnan\b|\bNone\b", text)
    assert "commit `unknown`" in text


def test_the_card_tells_how_each_class_is_ranked_and_what_it_is_not_for(card, info):
    found = info["ranking"]["poor"]
    assert f"| poor | {found['of_class']:,} of {found['rows']:,} |" in card
    assert GRADE.dataset.caution in card
    assert "Each class among the others" not in render_card(GRADE, {**info, "ranking": {}})
