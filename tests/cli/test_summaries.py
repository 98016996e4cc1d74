import itertools
from dataclasses import replace
from datetime import date, timedelta

import histories
from dashboards import refresh_dashboard
from front.documents import NOW, empty, healthy
from made_up_numbers import number_history
from markdown_it import MarkdownIt

from pipelines.cli import summaries as report
from pipelines.datasets import dataset_named, task_named
from pipelines.datasets.arrivals import ARRIVALS
from pipelines.features.backfill import BackfillReport
from pipelines.features.daily import DayReport, FeaturesReport
from pipelines.inference.pipeline import InferenceReport
from pipelines.inference.settlement import Settlement
from pipelines.monitoring.dashboard import DashboardReport
from pipelines.publishing.hub import Change
from pipelines.publishing.publish import PublishReport, SpaceReport
from pipelines.stores.copying import Copied
from pipelines.stores.outcomes import Awaiting
from pipelines.training.pipeline import TrainingReport
from tests.made_up_houses import PRICE

NONE_SETTLED = Settlement(settled=0, corrected=0)
WINE, GRADE = dataset_named("wine"), task_named("wine_grade")


def cells(markdown):
    """The cells of every table row, as a Markdown reader sees them."""
    rows, tokens = [], MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)
    for token, content in itertools.pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        if token.type in {"th_open", "td_open"}:
            rows[-1].append("".join(part.content for part in content.children if part.type != "link_open"))
    return rows


def features_report(**changes):
    days = tuple(DayReport(date(2026, 9, 1) + timedelta(days=d), 10, d % 2) for d in range(3))
    fields = {
        "dataset": "wine", "run_date": date(2026, 9, 3), "arrivals": ARRIVALS["simulate"], "scenario": "none",
        "days": days,
        "written": 29, "quarantined": 1, "reasons": {"alcohol is 1e3 | <b>too high</b>": 1}, "note": "",
    }  # fmt: skip
    return FeaturesReport(**(fields | changes))


def test_features_say_what_was_due_and_written():
    text = report.features_summary(WINE, features_report())
    assert "Simulated samples for 3 due days up to 2026-09-03; 29 rows written." in text
    assert ["2026-09-02", "10", "1"] in cells(text)


def test_texts_from_outside_stay_in_their_cell():
    text = report.features_summary(WINE, features_report())
    assert ["alcohol is 1e3 | <b>too high</b>", "1"] in cells(text)
    assert "<b>" not in MarkdownIt("gfm-like", {"linkify": False}).render(text).replace("&lt;b&gt;", "")


def test_a_run_with_nothing_to_tell_is_short():
    text = report.features_summary(WINE, features_report(quarantined=0, reasons={}, written=0))
    assert "quarantine:" not in text
    assert "0 rows written" in text


def test_many_days_are_shortened():
    days = tuple(DayReport(date(2026, 1, 1) + timedelta(days=d), 1, 0) for d in range(40))
    text = report.features_summary(WINE, features_report(days=days))
    assert len(cells(text)) == 1 + report.SHOWN + 2
    assert "And 30 earlier days." in text


def test_backfill_says_what_was_found():
    done = BackfillReport(
        dataset="wine", source="Wine*.csv", sha256="0" * 64, rows=6497, accepted=6496, with_gaps=34,
        roles={"train": 3900, "test": 1298, "reserve": 1298}, quarantined=1, reasons={"quality: nothing": 1},
        written=6496, replaced=False, unlabelled=0, absent={}, distinguishable=True,
    )  # fmt: skip
    text = report.backfill_summary(WINE, done)
    assert r"6,497 rows in Wine\*.csv: 6,496 accepted (3,900 train, 1,298 test, 1,298 reserve), 6,496 written." in text
    assert "34 of them lack a measurement." in text


def test_inference_shows_the_newest_samples_with_their_outcome():
    rows = histories.history(GRADE, days=2)
    done = InferenceReport(
        GRADE.name, 1, None, len(rows), NONE_SETTLED, Awaiting(), rows.sample(frac=1, random_state=0)
    )
    newest, text = rows.iloc[-1], report.inference_summary({GRADE: done}, [])
    assert text.startswith("### ✅ 20 predictions made")
    assert cells(text)[1][:5] == ["Wine grade", "✅", "1", "20", "20"]
    assert cells(text)[1][6] in {f"{newest['prediction']} (right)", f"{newest['prediction']} (wrong)"}
    listed = cells(report.newest_predictions(GRADE, done))
    assert listed[1][:2] == [newest["sample_id"], newest["prediction"]]
    assert listed[1][4] in {"right", "wrong"}


def test_inference_with_nothing_due_says_so():
    done = InferenceReport(
        GRADE.name,
        1,
        None,
        0,
        NONE_SETTLED,
        Awaiting(),
        histories.history(GRADE, days=0),
        ("Challenger 2 is left out",),
    )
    text = report.inference_summary({GRADE: done}, [])
    assert "Nothing was due" in text
    assert "Challenger 2 is left out" in text
    # A report of Spark has no predictions in it, which may be more than one machine holds.
    assert report.inference_summary({GRADE: replace(done, written=3)}, []).startswith("### ✅ 3 rows of predictions")


def test_a_sample_without_a_label_is_not_wrong():
    rows = histories.history(GRADE, days=1, per_day=1).assign(label=None)
    done = InferenceReport(GRADE.name, 1, 2, 1, Settlement(3, 1), Awaiting(2, date(2026, 9, 1)), rows)
    row = cells(report.inference_summary({GRADE: done}, []))[1]
    assert row[6].endswith("(not known yet)")
    settled = "3 earlier predictions settled and 1 outcome corrected."
    assert row[5] == f"{settled} Awaiting the truth: 2, the oldest since 1 September."
    assert row[2] == "1, 2 in its shadow"
    assert cells(report.newest_predictions(GRADE, done))[1][3:] == ["-", "not known yet"]


def training_report(**changes):
    fields = {
        "task": GRADE.name, "version": 2, "promoted": True, "champion": 2, "sentence": "Better by 0.05.",
        "metrics": {"macro_f1": {"value": 0.6, "low": 0.5, "high": 0.7}}, "baseline": {"macro_f1": 0.3}, "card": "",
    }  # fmt: skip
    return TrainingReport(**(fields | changes))


def test_all_trainings_are_one_table_with_the_state_first():
    text = report.training_summary({GRADE: training_report(), WINE.tasks[0]: training_report(promoted=False)}, [])
    assert text.startswith("### ✅ 2 versions trained, 1 of them now champion")
    assert cells(text)[1] == [
        "Wine grade", "✅ now champion", "Macro-F1", "0.60 (0.50 to 0.70), version 2", "0.30",
    ]  # fmt: skip
    assert "- Wine grade: Better by 0.05." in text
    assert "What went wrong" not in text


def test_where_no_model_is_in_charge_nothing_is_called_done():
    assert report.inference_summary({}, []) == "### ▫️ No model is in charge yet: train one first"


def test_a_task_that_failed_is_told_first_and_what_to_do():
    address = "https://github.com/ada/Wines"
    for text in (report.training_summary({}, [GRADE], address), report.inference_summary({}, [GRADE], address)):
        assert text.startswith("### ⚠️ Failed: Wine grade.\n")
        assert cells(text)[1][:2] == ["Wine grade", "⚠️ failed"]
        assert f"[More]({address}/blob/main/docs/operations.md)" in text


def test_the_dashboard_warns_of_what_is_wrong(tmp_path):
    iris = dataset_named("iris")
    store = histories.operated_store(tmp_path, iris, scenario="shifted_sensor")
    now = histories.START + timedelta(days=20)
    text = report.dashboard_summary(refresh_dashboard(store, iris, now), now)
    assert text.startswith("### ⚠️ 1 of 1 model needs you: Iris variety")
    assert "**Iris: Unusual flowers since" in text
    assert "Petal length" in text
    assert "mend the source" in text
    assert cells(text)[1][0] == "Iris variety"


def test_the_dashboard_has_one_table_for_all_tasks_and_links_to_the_page():
    text = report.dashboard_summary(DashboardReport(("a", "b"), healthy()), NOW)
    assert text.startswith("### ✅ All 3 models keep their promise")
    assert [row[1] for row in cells(text)[1:]] == ["✅ keeps its promise"] * 3
    assert "[The page](https://ada.github.io/Wines/)" in text
    assert "2 files changed." in text
    assert "promise" not in report.dashboard_summary(DashboardReport((), empty()), NOW)


def test_spaces_are_linked_and_a_failing_log_is_shown_as_it_is():
    change = Change(write=("app.py",), delete=())
    broken = SpaceReport("ada/monitor", "https://example.org/ada/monitor", "updated", change, log="``` | <b>\nboom")
    text = report.publish_summary(PublishReport(dry_run=True, spaces=(broken,), notices=("a | b",)))
    assert "(dry run: nothing was changed)" in text
    assert "[ada/monitor](https://example.org/ada/monitor)" in text
    code = [token for token in MarkdownIt().parse(text) if token.type == "fence"]
    assert [token.content for token in code] == ["``` | <b>\nboom\n"]


def test_a_copy_is_listed():
    text = report.copy_summary([Copied("table wine", 6497, 0), Copied("model wine_grade 1", 1, 1, "f" * 64)])
    assert cells(text)[1:] == [["table wine", "6,497", "0", "-"], ["model wine_grade 1", "1", "1", "f" * 12]]


def test_a_day_mostly_in_quarantine_is_said_aloud():
    days = (DayReport(date(2026, 9, 1), 4, 6), DayReport(date(2026, 9, 2), 5, 5))
    assert report.mostly_quarantined(features_report(days=days)) == [
        "wine: 6 of 10 samples of 2026-09-01 went to quarantine. Look at the source of the data before anything else."
    ]


def number_report(rows):
    return InferenceReport(
        task=PRICE.name, champion=1, challenger=None, predictions=rows, written=len(rows), settlement=NONE_SETTLED,
        awaiting=Awaiting(0, None, None), notices=(),
    )  # fmt: skip


def test_predicted_numbers_have_their_unit_and_interval():
    rows = number_history(PRICE, days=3, still_open=1)
    newest, before = rows.iloc[2], rows.iloc[1]
    listed = cells(report.newest_predictions(PRICE, number_report(rows)))
    assert listed[0] == ["Sample", "Predicted", "95 % interval", "Actual", "Outcome"]
    interval = f"{newest['low_95']:.1f} to {newest['high_95']:.1f}"
    assert listed[1] == [newest["sample_id"], f"{newest['prediction']:.1f} k€", interval, "-", "not known yet"]
    assert listed[2][3:] == [f"{before['label']:.1f} k€", "inside"]
    assert f"{newest['prediction']:.1f} k€ (not known yet)" in report.inference_summary(
        {PRICE: number_report(rows)}, []
    )
