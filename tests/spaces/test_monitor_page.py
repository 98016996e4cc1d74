"""The app that shows the record, in a browser."""

import json
import shutil

import pytest
from front.documents import played_months
from playwright.sync_api import expect
from waiting import PATIENCE

from pipelines.datasets import all_tasks
from pipelines.documents.metrics import LINKS_FILE, METRICS_FILE, metrics_text
from pipelines.documents.what_if import WHAT_IF_FILE, what_if_bytes
from spaces.monitor.page import build

TASKS = [task.name for task in all_tasks()]
PHONE = {"width": 390, "height": 844}
SECONDS = PATIENCE
# The sum of what moved without being asked to, as Chromium measures it.
SHIFT = """new Promise((done) => {
  let sum = 0;
  const moved = (list) => list.getEntries().forEach((entry) => { sum += entry.hadRecentInput ? 0 : entry.value; });
  new PerformanceObserver(moved).observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 300);
})"""


def loaded(page):
    expect(page.locator("#front")).to_contain_text("As of", timeout=SECONDS)
    return page


@pytest.fixture(name="page")
def fixture_page(apps, open_page):
    return loaded(open_page(apps["monitor"].url))


@pytest.fixture(name="record", scope="module")
def fixture_record(apps, open_to_read):
    return loaded(open_to_read(apps["monitor"].url))


@pytest.mark.parametrize("task", TASKS)
def test_a_tab_shows_its_record(record, task):
    record.locator(f"#tab-{task}-button").click()
    expect(record.locator(f"#listing-{task}")).to_contain_text("2026-03-31", timeout=SECONDS)
    record.locator(f"#fold-champions-{task} button").first.click()
    expect(record.locator(f"#champions-{task}")).to_contain_text("Changes of champion")


def test_the_front_has_a_card_a_task_before_the_tabs(record):
    assert record.locator("#front .card").count() == len(TASKS)
    top, tabs = (record.locator(each).first.bounding_box()["y"] for each in ("#front h1", "[role=tablist]"))
    assert top < tabs


def test_a_record_of_long_ago_is_marked_as_late(record):
    expect(record.locator("#front .hero").first).to_contain_text("The daily run is late")


def test_nothing_moves_while_the_page_loads(apps, open_page):
    page = open_page(apps["monitor"].url)
    expect(page.locator(f"#listing-{TASKS[0]}")).to_contain_text("2026-03-31", timeout=SECONDS)
    page.wait_for_timeout(1000)
    assert page.evaluate(SHIFT) < 0.1


def test_the_list_is_filtered_by_day_and_sorted_by_a_heading(page):
    listing = page.locator(f"#listing-{TASKS[0]}")
    expect(listing).to_contain_text("2026-03-31")
    day = page.locator(f"#last-{TASKS[0]} input").first
    # A page that is still loading hears nothing; a person would type it once more.
    while "2026-03-31" in listing.inner_text():
        for typed in ("", "2026-03-29"):
            day.fill(typed)
            page.keyboard.press("Enter")
        page.wait_for_timeout(1000)
    expect(listing).to_contain_text("2026-03-29")
    before = listing.locator("tbody tr").first.inner_text()
    listing.locator("th").filter(has_text="Day").last.click()
    expect(listing.locator("tbody tr").first).not_to_have_text(before, timeout=SECONDS)


def test_the_list_is_filtered_by_version(page):
    page.locator(f"#version-{TASKS[0]} input").click()
    page.get_by_role("option", name="1", exact=True).click()
    expect(page.locator(f"#listing-{TASKS[0]}")).to_contain_text("2026-03-31")


def test_another_page_load_shows_what_has_changed(apps, page):
    document = apps["monitor"].folder / "dashboard" / "metrics.json"
    before = document.read_bytes()
    later = json.loads(before.replace(b"2026-03-31T", b"2031-05-17T"))
    try:
        document.write_bytes(metrics_text(later))
        page.reload()
        expect(page.locator("#front .hero").first).to_contain_text("17 May 2031", timeout=SECONDS)
        document.write_text(json.dumps(later))
        page.reload()
        expect(page.locator("#front")).to_contain_text("was changed after it was saved", timeout=SECONDS)
    finally:
        document.write_bytes(before)


def test_damaged_documents_are_told_and_stop_no_page(apps, tmp_path):
    folder = shutil.copytree(apps["monitor"].folder, tmp_path / "space")
    for name in (METRICS_FILE, LINKS_FILE, WHAT_IF_FILE):
        (folder / name).write_bytes(b'{"half": ')
    assert f"{METRICS_FILE} is damaged" in str(build(folder).get_config_file())


def test_a_month_is_played_in_the_place_of_the_live_page_and_labelled(apps, page, complaints):
    file = apps["monitor"].folder / WHAT_IF_FILE
    try:
        file.write_bytes(what_if_bytes(played_months()))
        page.reload()
        page.locator("#what-if").get_by_label("a broken unit").click()
        expect(page.locator("#played-board")).to_contain_text("What if: a broken unit · day 10 of 12", timeout=SECONDS)
        expect(page.locator("#front")).to_be_hidden()
        expect(page.locator(f"#tab-{TASKS[0]}-button")).to_be_hidden()
        expect(page.locator("#played-board")).to_contain_text("day 12 of 12", timeout=SECONDS)
        expect(page.locator("#played-button")).to_have_text("Play on")
        assert complaints(page) == {}
        page.locator("#what-if").get_by_label("nothing").click()
        expect(page.locator("#front")).to_be_visible(timeout=SECONDS)
        expect(page.locator("#played-board")).to_be_hidden()
    finally:
        file.unlink()


def test_a_phone_shows_everything_without_scrolling_sideways(apps, open_page):
    page = open_page(apps["monitor"].url, **PHONE)
    expect(page.locator(f"#listing-{TASKS[0]}")).to_contain_text("2026-03-31", timeout=SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("size", [{}, PHONE])
def test_axe_finds_nothing(apps, open_page, complaints, size):
    page = open_page(apps["monitor"].url, **size)
    expect(page.locator(f"#listing-{TASKS[0]}")).to_contain_text("2026-03-31", timeout=SECONDS)
    assert complaints(page) == {}
