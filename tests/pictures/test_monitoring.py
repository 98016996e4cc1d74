import io
from dataclasses import asdict
from datetime import timedelta

import histories
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipelines.datasets import all_tasks, task_named
from pipelines.models import metrics
from pipelines.monitoring import drift
from pipelines.monitoring import quality as monitoring
from pipelines.monitoring.ledger import Ledger
from pipelines.pictures import monitoring as figures
from pipelines.pictures.calibration import calibration_picture
from pipelines.pictures.confusion import confusion_picture
from tests.outcomes import with_outcome

GRADE, QUALITY, VARIETY = (task_named(name) for name in ("wine_grade", "wine_quality", "iris_variety"))


def opened(picture):
    return Image.open(io.BytesIO(picture.png))


def drawn(task, rows, log=(), names=()):
    """The pictures of these names of a history, or every one."""
    dataset = task.dataset
    document, ledger = histories.model_document(task), Ledger.of(task, rows)
    served = ledger.served
    newest = monitoring.with_samples(ledger.recent(1), histories.arrivals_of(task, rows))
    tests = [asdict(test) for test in made_tests(dataset)] if len(rows) else []
    draw = {
        "newest": lambda: figures.newest_picture(task, None if newest.empty else newest.iloc[0].to_dict(), rows),
        "recent": lambda: figures.recent_picture(task, ledger.recent(12)),
        "confusion": lambda: confusion_picture(task, metrics.confusion(task, served["label"], served["prediction"]), 1),
        "quality": lambda: figures.quality_picture(
            task, monitoring.quality_over_time(ledger), document["metrics"], document["baseline"], log
        ),
        "drift": lambda: figures.drift_picture(dataset, f"{task.title}: drift", tests, "0 of 5 samples"),
        "calibration": lambda: calibration_picture(task, monitoring.calibration(ledger)),
    }
    return {name: draw[name]() for name in names or draw}


def made_tests(dataset):
    for place, name in enumerate([*dataset.numeric, "all inputs", "label"]):
        for days in metrics.WINDOWS:
            kind = name if name in {"all inputs", "label"} else "numeric"
            yield drift.DriftTest(name, kind, days, days * 10, place / 20, 0.1, 0.5, 0.5, drifted=place == 3)


def test_no_word_reaches_beyond_a_picture(longest_pictures):
    for name, picture in longest_pictures.items():
        pixels = np.asarray(opened(picture).convert("RGB"))
        edges = [pixels[:, 0], pixels[:, -1], pixels[0], pixels[-1]]
        assert all((edge == pixels[0, 0]).all() for edge in edges), name


@pytest.fixture
def longest_pictures():
    """Every picture of a history, and the course of a version that promised nothing, with what was expected of it."""
    rows = histories.history(QUALITY, days=40, per_day=3)
    over_time = monitoring.quality_over_time(Ledger.of(QUALITY, rows))
    names = (QUALITY.scorer, "accuracy")
    foreseen = [
        {"day": str(day)} | {f"expected_{name}{end}": 0.5 for name in names for end in ("", "_low", "_high")}
        for day in over_time["day"]
    ]
    course = figures.quality_picture(QUALITY, over_time, {}, {}, [], expected=foreseen)
    return drawn(QUALITY, rows) | {"expected": course}


@pytest.mark.parametrize(("task", "days"), [*((task, 1) for task in all_tasks()), (QUALITY, 0), (QUALITY, 40)])
def test_every_picture_has_a_size_that_a_phone_can_show_and_words(task, days):
    for name, picture in drawn(task, histories.history(task, days=days, per_day=3)).items():
        width, height = opened(picture).size
        assert 700 <= width <= 1200, name
        assert 250 <= height <= 1300, name
        assert 20 < len(picture.alt) < 500, name
        assert len(picture.png) < 120_000, name


def test_the_same_data_give_the_same_bytes():
    rows = histories.history(GRADE, days=20)
    assert drawn(GRADE, rows) == drawn(GRADE, rows.sample(frac=1, random_state=0))


def test_nothing_is_left_in_the_global_state():
    drawn(VARIETY, histories.history(VARIETY, days=20))
    assert plt.get_fignums() == []


def test_pictures_carry_no_metadata():
    picture = drawn(GRADE, histories.history(GRADE), names=["recent"])["recent"]
    assert not [key for key in opened(picture).info if key != "dpi"]


def test_empty_pictures_say_what_will_come():
    found = drawn(GRADE, histories.history(GRADE, days=0))
    assert found["newest"].alt.endswith("No predictions yet: the first appear after the next inference run.")
    assert found["drift"].alt.endswith("Not enough data yet: 0 of 5 samples.")
    assert found["calibration"].alt.endswith("Not enough data yet: 0 of 30 samples.")
    assert "No labelled predictions yet" in found["confusion"].alt


def test_the_confusion_matrix_has_true_rows_and_predicted_columns():
    picture = confusion_picture(GRADE, metrics.confusion(GRADE, ["poor"] * 40, ["excellent"] * 40), 1)
    assert "of 40 poor 0 right" in picture.alt
    dark = np.asarray(opened(picture).convert("L")) < 110
    rows, columns = np.nonzero(dark)
    # Poor wines that were called excellent: the dark cell is in the first row and the last column.
    assert np.median(rows) < dark.shape[0] * 0.4
    assert np.median(columns) > dark.shape[1] * 0.6


def test_the_newest_picture_shows_what_was_predicted_and_what_it_was():
    rows = histories.history(VARIETY, days=1, per_day=1)
    row = monitoring.with_samples(rows, histories.arrivals_of(VARIETY, rows)).iloc[0].to_dict()
    row |= {"prediction": "setosa", "label": "virginica", "probability_setosa": 0.8}
    picture = figures.newest_picture(VARIETY, row, pd.DataFrame())
    assert "predicted setosa (80%), actual virginica; wrong" in picture.alt
    unknown = figures.newest_picture(VARIETY, row | {"label": None}, pd.DataFrame())
    assert "actual not known yet" in unknown.alt


def test_a_sample_with_a_gap_is_drawn():
    rows = histories.history(GRADE, days=1, per_day=1)
    row = monitoring.with_samples(rows, histories.arrivals_of(GRADE, rows)).iloc[0].to_dict() | {"alcohol": np.nan}
    assert figures.newest_picture(GRADE, row, pd.DataFrame()).png


def test_drift_is_said_in_words_too():
    tests = [asdict(test) for test in made_tests(GRADE.dataset)]
    assert figures.drift_picture(GRADE.dataset, "Drift", tests, "").alt == "Drift: drift of Residual sugar."


def test_long_names_and_many_classes_stay_inside():
    task = with_outcome(QUALITY, names=tuple(f"a rather long class name {n}" for n in range(7)))
    counts = pd.DataFrame(np.arange(49).reshape(7, 7) * 1000, index=task.classes, columns=task.classes)
    pixels = np.asarray(opened(confusion_picture(task, counts, 12)).convert("L"))
    for edge in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]):
        assert edge.min() > 250


def test_of_many_classes_the_worst_mistakes_are_shown():
    names = [f"c{number}" for number in range(100)]
    table = np.diag(np.full(100, 50))
    table[3, 7], table[8, 2] = 9, 4
    counts = pd.DataFrame(table, index=names, columns=names)
    picture = confusion_picture(with_outcome(QUALITY, names=tuple(names)), counts, 1)
    assert "the 2 most frequent mistakes of 100 classes: c3 for c7 9; c8 for c2 4" in picture.alt
    assert max(opened(picture).size) < 1200


def test_changes_of_champion_are_marked():
    first = histories.history(GRADE, days=20)
    later = histories.history(GRADE, days=20, version=2, start=histories.START + timedelta(days=20))
    rows = pd.concat([first, later], ignore_index=True)
    change = histories.START + timedelta(days=20)
    log = monitoring.reigns([histories.entry(GRADE, 1), histories.entry(GRADE, 2, change)])
    marked, plain = (drawn(GRADE, rows, changes, ["quality"])["quality"] for changes in (log, ()))
    assert marked.png != plain.png


def test_what_is_expected_is_drawn_beside_what_came_and_alone_before_anything_has_turned_out():
    document = histories.model_document(GRADE)
    expected = [{"day": day} for day in ("2026-09-30", "2026-10-01", "2026-10-02")]
    for row in expected:
        row |= {f"expected_{name}{end}": 0.6 for name in ("macro_f1", "accuracy") for end in ("", "_low", "_high")}
    course = monitoring.quality_over_time(Ledger.of(GRADE, histories.history(GRADE)))
    alone, without = course.head(0), figures.quality_picture(GRADE, course, document["metrics"], {}, [])
    both, only = (
        figures.quality_picture(GRADE, rows, document["metrics"], {}, [], expected=expected) for rows in (course, alone)
    )
    assert "up to 2026-09-30: Macro-F1 0." in without.alt
    assert "expected" not in without.alt
    assert "up to 2026-10-02: Macro-F1 0." in both.alt
    assert both.alt.count(", expected 0.60 (0.60 to 0.60)") == 2
    assert "up to 2026-10-02: Macro-F1 expected 0.60" in only.alt
    assert len({without.png, both.png, only.png}) == 3
