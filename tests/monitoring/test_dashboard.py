import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import histories
import pytest
from axe_playwright_python.sync_playwright import Axe
from dashboards import refresh_dashboard
from front.documents import healthy

from pipelines.datasets import dataset_named
from pipelines.monitoring.as_known import report_as_known
from pipelines.monitoring.dashboard import FRONT, METRICS_FILE, SITE_FILE
from pipelines.monitoring.document import DataState, dataset_document
from pipelines.monitoring.page import render_site
from pipelines.stores.catalogue import predictions_group, quarantine_group, samples_group
from pipelines.stores.embedded import EmbeddedStore

IRIS, WINE = dataset_named("iris"), dataset_named("wine")
NOW = histories.START + timedelta(days=20)
PICTURES = ("newest", "recent", "confusion", "quality", "drift", "calibration")


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    """A store after twenty days, ten of them with a sensor that is off, and its refreshed dashboard."""
    store = histories.operated_store(tmp_path_factory.mktemp("operated"), IRIS, scenario="shifted_sensor")
    return store, refresh_dashboard(store, IRIS, NOW)


def document_of(store):
    return json.loads(store.get_file(METRICS_FILE))


def test_a_refresh_puts_numbers_pictures_and_the_page(operated):
    store, report = operated
    names = {f"dashboard/iris_variety/{name}.png" for name in PICTURES}
    portrait = "dashboard/iris_variety/portrait.svg"
    assert set(report.written) == {
        *names,
        portrait,
        "site/models/iris_variety.json",
        "site/social.png",
        METRICS_FILE,
        SITE_FILE,
        *FRONT,
    }
    assert all(store.get_file(name).startswith(b"\x89PNG") for name in names)


def test_a_form_of_an_earlier_version_is_shown_without_what_it_does_not_know():
    known = {"name": "length", "title": "Length", "unit": "cm", "kind": "numeric", "description": "How long."}
    inputs = [known | dict.fromkeys(("median", "low", "high"))]
    form = {"version": 1, "size": 1000, "refusal": "", "examples": [], "inputs": inputs}
    page = render_site(healthy(), {}, NOW, {"iris_variety": form})
    assert "How long.</small>" in page


def test_the_page_links_to_what_a_run_knew_also_after_one_that_does_not(tmp_path):
    store, predict = EmbeddedStore(tmp_path / "store"), "https://hub.example/spaces/ada/serverless-ml-predict"
    links = {"predict": predict, "repository": "https://github.com/ada/Wines"}
    first = refresh_dashboard(store, IRIS, NOW, links)
    assert refresh_dashboard(store, IRIS, NOW).written == ()
    page = store.get_file(SITE_FILE).decode()
    assert first.document["links"] == links
    for address in (predict, links["repository"], "https://ada.github.io/Wines/social.png"):
        assert f'"{address}"' in page


def test_an_unchanged_store_gives_an_unchanged_dashboard(operated):
    store, _ = operated
    assert refresh_dashboard(store, IRIS, NOW + timedelta(hours=1)).written == ()


def test_as_known_on_the_newest_day_the_numbers_are_those_of_the_page(operated):
    store, report = operated
    newest = report_as_known(store, IRIS, NOW.date() - timedelta(days=1))
    assert all(newest.document[part] == report.document[part] for part in ("datasets", "tasks"))
    earlier = report_as_known(store, IRIS, histories.START.date() + timedelta(days=8)).document
    assert earlier["datasets"]["iris"]["arrived"] == 90
    assert (earlier["tasks"]["iris_variety"]["version"], earlier["tasks"]["iris_variety"]["challenger"]) == (1, None)
    assert [reign["version"] for reign in earlier["tasks"]["iris_variety"]["champion_log"]] == [1]


@pytest.mark.parametrize(
    "content",
    [
        b"null",
        b'{"schema_version": 1',
        b"<<<<<<< HEAD",
        b'{"schema_version": 1, "tasks": {"x": 1}}',
        b"{}",
        pytest.param(b"[" * 9999, id="deep"),
    ],
)
def test_a_damaged_document_is_made_again(operated, caplog, content):
    store, _ = operated
    whole = store.get_file(METRICS_FILE)
    store.put_file(METRICS_FILE, content)
    assert refresh_dashboard(store, IRIS, NOW).written == (METRICS_FILE,)
    assert store.get_file(METRICS_FILE) == whole
    assert "metrics.json" in caplog.text
    assert "is made again, because" in caplog.text


def test_the_order_in_which_the_store_returns_rows_changes_nothing(operated, monkeypatch):
    store, _ = operated
    read = store.read

    def shuffled(*arguments, **options):
        return read(*arguments, **options).sample(frac=1, random_state=7)

    monkeypatch.setattr(store, "read", shuffled)
    assert refresh_dashboard(store, IRIS, NOW).written == ()


def test_the_document_is_about_the_version_in_charge(operated):
    task = document_of(operated[0])["tasks"]["iris_variety"]
    assert (task["champion"], task["version"], task["versions"], task["live"]["n"]) == (2, 2, [1, 2], 100)
    assert [each["live"]["version"] for each in task["by_version"]] == [1, 2]
    assert [reign["version"] for reign in task["champion_log"]] == [1, 2]
    assert sum(map(sum, task["confusion"])) == 100
    assert task["challenger"]["challenger"] == 3
    assert set(task["pictures"]) == set(PICTURES)


def test_the_document_tells_the_drift_and_since_when(operated):
    found = document_of(operated[0])["datasets"]["iris"]["drift"]
    assert "petal_length" in found["alarms"]
    assert found["since"] in found["alarm_days"]
    assert found["reference"] == 29


def test_the_newest_prediction_is_that_of_the_newest_sample(operated):
    store, _ = operated
    newest = document_of(store)["tasks"]["iris_variety"]["recent"][0]
    samples = store.read(samples_group(IRIS)).set_index("sample_id")
    assert newest["sample_id"] == "iris-2026-09-20-009"
    assert newest["label"] == samples.loc["iris-2026-09-20-009", "variety"]


def test_an_empty_store_says_what_will_appear(tmp_path):
    store = EmbeddedStore(tmp_path)
    report = refresh_dashboard(store, WINE, NOW)
    assert len(report.written) == 3 * len(PICTURES) + 5
    page = store.get_file(SITE_FILE).decode()
    assert "Nothing has run yet" in page
    assert "There is no champion yet" in page
    assert "reference rows: run backfill" in page
    assert "promise" not in page.split("</section>")[0].split("<main")[1]


def test_a_store_without_arrivals_or_without_predictions_has_a_dashboard(tmp_path):
    (tmp_path / "one").mkdir()
    store = histories.operated_store(tmp_path / "one", IRIS, days=0)
    refresh_dashboard(store, IRIS, NOW)
    assert document_of(store)["tasks"]["iris_variety"]["live"]["n"] == 0
    (tmp_path / "two").mkdir()
    store = histories.operated_store(tmp_path / "two", IRIS, days=1, per_day=1)
    store.clear(predictions_group(IRIS.tasks[0]))
    refresh_dashboard(store, IRIS, NOW)
    found = document_of(store)["datasets"]["iris"]
    assert (found["arrived"], found["drift"]["needs"]) == (1, "1 of 5 samples")


def test_data_sets_share_the_document_and_the_page(operated, tmp_path):
    store = operated[0]
    for name in store.list_files(""):
        EmbeddedStore(tmp_path).put_file(name, store.get_file(name))
    both = EmbeddedStore(tmp_path)
    refresh_dashboard(both, WINE, NOW)
    assert set(document_of(both)["tasks"]) == {"iris_variety", "wine_grade", "wine_quality", "wine_type"}
    page = both.get_file(SITE_FILE).decode()
    assert 'id="iris_variety"' in page
    assert 'id="wine_grade"' in page


def test_the_page_says_which_decision_rule_is_in_use_and_what_it_costs(operated):
    document = document_of(operated[0])
    assert "The answer is the most probable class." in render_site(document, {}, NOW)
    document["tasks"]["iris_variety"]["decision"] = {"kind": "weights"}
    assert "moves it from 0.45 to 0.56, and accuracy from 0.79 to 0.74" in render_site(document, {}, NOW)


def test_predictions_are_compared_with_those_of_the_test_rows(operated):
    store, _ = operated
    tests = document_of(store)["tasks"]["iris_variety"]["drift"]["tests"]
    assert {test["name"] for test in tests} == {"label", "prediction"}
    assert [test["n"] for test in tests if test["name"] == "prediction"] == [10, 70, 100]


def test_all_history_is_the_reference_where_there_is_no_reserve(operated):
    store, _ = operated
    history = store.read(samples_group(IRIS), where={"origin": "historical"}).assign(role="train")
    arrivals = store.read(samples_group(IRIS), start=histories.START)
    state = DataState(IRIS, history, arrivals, store.read(quarantine_group(IRIS)), len(arrivals))
    assert len(state.reference) == 150
    assert (
        dataset_document(replace(state, historical=history.head(0)))["drift"]["needs"] == "reference rows: run backfill"
    )


def test_what_people_and_files_say_is_no_markup(operated):
    document = document_of(operated[0])
    document["tasks"]["iris_variety"]["champion_log"][0]["reason"] = "<script>alert(1)</script>"
    document["datasets"]["iris"]["quarantine"] = [
        {"seen_at": NOW.isoformat(), "source": "a<b", "reasons": "x", "row": '{"<img src=x>": 1}'}
    ]
    page = render_site(document, {}, NOW)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert" in page


def test_a_late_run_is_marked_when_the_page_is_made(operated):
    document = document_of(operated[0])
    words = "The daily run is late since 22 September"
    fresh, old = (render_site(document, {}, NOW + timedelta(days=days)) for days in (0, 3))
    assert " hidden data-late-after=" in fresh
    assert " hidden data-late-after=" not in old
    assert words in fresh.split(" hidden data-late-after=")[1]
    assert words in old


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "light"), (1280, "dark")])
def test_the_page_opens_from_disk_alone_and_is_accessible(operated, browser, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((Path(operated[0].location) / SITE_FILE).resolve().as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert not [url for url in requests if not url.startswith(("data:", "file:"))]
    assert len([url for url in requests if url.startswith("file:")]) == 1
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Axe().run(page).response["violations"] == []
    broken = "[...document.images].filter(image => image.complete && !image.naturalWidth).length"
    assert page.evaluate(broken) == 0
    page.close()


def test_printed_the_page_is_the_verdict_and_the_cards_on_few_sheets(browser):
    document = healthy()
    for data in document["datasets"].values():
        data["lately"] = {"days": 7, "arrived": 30, "quarantined": 40, "since": "2026-11-18"}
    page = browser.new_page()
    page.set_content(render_site(document, {}, NOW))
    sheets = re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))
    assert len(sheets) == 2
    page.close()


def test_a_page_that_grows_old_marks_itself(operated, browser):
    page = browser.new_page()
    page.clock.install(time=NOW + timedelta(days=1))
    page.goto((Path(operated[0].location) / SITE_FILE).resolve().as_uri())
    assert not page.get_by_text("The daily run is late").first.is_visible()
    page.clock.install(time=NOW + timedelta(days=10))
    page.reload()
    assert page.get_by_text("The daily run is late").first.is_visible()
    page.close()
