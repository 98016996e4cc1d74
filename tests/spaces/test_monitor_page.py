"""The app that shows the record, in a browser."""

import pytest
from playwright.sync_api import expect

from pipelines.datasets import all_tasks

TASKS = [task.name for task in all_tasks()]
PHONE = {"width": 390, "height": 844}
SECONDS = 15_000
# The library that draws Gradio's plots gives the marks under the pointer a role and no name, and no setting changes it.
# The same numbers stand in the tables of the page.
OF_THE_PLOTS = {"svg-img-alt"}


@pytest.fixture(name="page")
def fixture_page(apps, open_page):
    page = open_page(apps["monitor"].url)
    expect(page.locator(f"#state-{TASKS[0]}")).to_contain_text("Data as of", timeout=SECONDS)
    return page


@pytest.mark.parametrize("task", TASKS)
def test_a_tab_shows_its_record(page, task):
    page.locator(f"#tab-{task}-button").click()
    expect(page.locator(f"#state-{task}")).to_contain_text("Data as of", timeout=SECONDS)
    expect(page.locator(f"#listing-{task}")).to_contain_text("2026-03-31")
    expect(page.locator(f"#champions-{task}")).to_contain_text("version 1")
    expect(page.locator(f"#newest-{task} figcaption")).to_contain_text("Newest sample")
    assert page.locator(f"#pictures-{task} figure").count() >= 5


def test_a_record_of_long_ago_is_marked_as_late(page):
    expect(page.locator(f"#state-{TASKS[0]} .late")).to_contain_text("Late:")


def test_every_picture_has_words(page):
    for figure in page.locator("figure").all():
        assert len(figure.locator("figcaption").inner_text()) > 10 or not figure.is_visible()


def test_the_list_is_filtered_by_day_and_sorted_by_a_heading(page):
    listing = page.locator(f"#listing-{TASKS[0]}")
    expect(listing).to_contain_text("2026-03-31")
    page.locator(f"#last-{TASKS[0]} input, #last-{TASKS[0]} textarea").first.fill("2026-03-29")
    page.keyboard.press("Enter")
    expect(listing).not_to_contain_text("2026-03-31", timeout=SECONDS)
    expect(listing).to_contain_text("2026-03-29")
    before = listing.locator("tbody tr").first.inner_text()
    listing.locator("th").filter(has_text="Day").last.click()
    expect(listing.locator("tbody tr").first).not_to_have_text(before, timeout=SECONDS)


def test_a_day_that_is_none_is_refused_in_words(page):
    page.locator(f"#first-{TASKS[0]} input, #first-{TASKS[0]} textarea").first.fill("yesterday")
    page.keyboard.press("Enter")
    expect(page.locator("[data-testid=toast-body]").first).to_contain_text("yesterday", timeout=SECONDS)


def test_the_list_is_filtered_by_version(page):
    page.locator(f"#version-{TASKS[0]} input").click()
    page.get_by_role("option", name="1", exact=True).click()
    expect(page.locator(f"#listing-{TASKS[0]}")).to_contain_text("2026-03-31")


def test_another_page_load_shows_what_has_changed(apps, page):
    document = apps["monitor"].folder / "dashboard" / "metrics.json"
    before = document.read_text()
    try:
        document.write_text(before.replace("2026-03-31T", "2031-05-17T"))
        page.reload()
        expect(page.locator(f"#state-{TASKS[0]}")).to_contain_text("17 May 2031", timeout=SECONDS)
    finally:
        document.write_text(before)


def test_a_phone_shows_everything_without_scrolling_sideways(apps, open_page):
    page = open_page(apps["monitor"].url, **PHONE)
    expect(page.locator(f"#listing-{TASKS[0]}")).to_contain_text("2026-03-31", timeout=SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("size", [{}, PHONE])
def test_axe_finds_nothing(apps, open_page, complaints, size):
    page = open_page(apps["monitor"].url, **size)
    expect(page.locator(f"#listing-{TASKS[0]}")).to_contain_text("2026-03-31", timeout=SECONDS)
    found = complaints(page)
    assert set(found) <= OF_THE_PLOTS
    assert all("mark-symbol" in html for elements in found.values() for html in elements)
