"""The app that predicts, in a browser."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect
from waiting import PATIENCE

from pipelines.datasets import all_tasks, task_named

TASKS = [task.name for task in all_tasks()]
PHONE = {"width": 390, "height": 844}
SECONDS = PATIENCE
FLOWERS = "sepal_length,sepal_width,petal_length,petal_width\n5.0,3.4,1.5,0.2\nlong,3.4,1.5,0.2\n"


@pytest.fixture(name="page")
def fixture_page(apps, open_page):
    return open_page(apps["predict"].url)


def go_to(page, name):
    page.locator(f"#tab-{name}-button").click()
    expect(page.locator(f"#tab-{name}")).to_be_visible()


def fill(page, task, **values):
    for name, value in values.items():
        page.locator(f"#{task}-{name} input").fill(str(value))


@pytest.mark.parametrize("task", TASKS)
def test_a_tab_predicts_a_real_sample_of_each_class_and_a_new_one(page, task):
    go_to(page, task)
    answer = page.locator(f"#answer-{task}")
    buttons = page.locator(f"[id^='example-{task}-'], #surprise-{task}")
    assert buttons.count() >= 3
    for button in (buttons.first, buttons.last):
        button.click()
        expect(page.locator(f"#source-{task}")).to_contain_text("turn", timeout=SECONDS)
        expect(answer.locator(".verdict")).to_be_visible(timeout=SECONDS)
    assert answer.locator(".verdict").inner_text() in task_named(task).classes
    assert answer.locator("img").get_attribute("alt").startswith("A drawing of the sample as")


def test_typed_values_are_predicted_with_reasons(page):
    fill(page, "iris_variety", sepal_length=5.0, sepal_width=3.4, petal_length=1.5, petal_width=0.2)
    page.get_by_role("button", name="Predict", exact=True).first.click()
    answer = page.locator("#answer-iris_variety")
    expect(answer.locator(".verdict")).to_have_text("setosa", timeout=SECONDS)
    for words in ("Probability of each class", "What pushed", "nearest real samples", "on samples kept from it"):
        expect(answer).to_contain_text(words)
    page.get_by_role("button", name="The answer as data").first.click()
    expect(page.locator("#data-iris_variety")).to_contain_text("probabilities")


def test_inputs_say_their_unit_their_meaning_and_what_is_usual(page):
    words = page.locator("#iris_variety-sepal_length").inner_text()
    assert "Sepal length (cm)" in words
    assert "How long the green outer leaves" in words
    assert "Typical:" in words


def test_a_value_out_of_what_was_seen_is_warned_of(page):
    fill(page, "iris_variety", sepal_length=14, sepal_width=3.4, petal_length=1.5, petal_width=0.2)
    page.locator("#predict-iris_variety").click()
    warning = page.locator("#answer-iris_variety .warning")
    expect(warning).to_contain_text("Sepal length 14 is outside of what the model has seen", timeout=SECONDS)


def test_a_value_that_is_impossible_is_refused_in_words(page):
    fill(page, "iris_variety", sepal_length=500)
    page.locator("#predict-iris_variety").click()
    expect(page.locator("[data-testid=toast-body]")).to_contain_text("sepal_length", timeout=SECONDS)


def test_the_first_press_predicts_a_typical_sample(page):
    page.locator("#predict-iris_variety").click()
    expect(page.locator("#answer-iris_variety .verdict")).to_be_visible(timeout=SECONDS)
    expect(page.locator("#answer-iris_variety .warning")).to_have_count(0)


def test_what_is_cleared_is_not_measured_and_nothing_at_all_is_refused(page):
    fill(page, "iris_variety", sepal_width="")
    page.locator("#predict-iris_variety").click()
    expect(page.locator("#answer-iris_variety .warning")).to_contain_text("Not measured: Sepal width", timeout=SECONDS)
    fill(page, "iris_variety", sepal_length="", petal_length="", petal_width="")
    page.locator("#predict-iris_variety").click()
    expect(page.locator("[data-testid=toast-body]")).to_contain_text("Nothing is filled in", timeout=SECONDS)


def test_the_card_of_the_model_is_there(page):
    page.get_by_role("button", name="About this model").first.click()
    expect(page.locator("#card-iris_variety")).to_be_visible()
    assert len(page.locator("#card-iris_variety").inner_text()) > 500


def test_a_file_is_uploaded_and_comes_back(page, tmp_path):
    (tmp_path / "flowers.csv").write_text(FLOWERS)
    go_to(page, "file")
    page.locator("#file input[type=file]").set_input_files(tmp_path / "flowers.csv")
    expect(page.locator("#file")).to_contain_text("flowers")
    page.locator("#predict-file").click()
    expect(page.locator("#file-summary")).to_have_text("1 of 2 rows predicted, 1 rejected.", timeout=SECONDS)
    expect(page.locator("#file-rejected")).to_contain_text("sepal_length")
    with page.expect_download() as download:
        page.locator("#file-results a").first.click()
    assert "setosa" in download.value.path().read_text()


def test_a_file_of_something_else_is_refused_in_words(page, tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    go_to(page, "file")
    page.locator("#file input[type=file]").set_input_files(tmp_path / "other.csv")
    expect(page.locator("#file")).to_contain_text("other")
    page.locator("#predict-file").click()
    expect(page.locator("[data-testid=toast-body]")).to_contain_text("no column sepal_length", timeout=SECONDS)


def test_no_file_at_all_is_refused_in_words(page):
    go_to(page, "file")
    page.locator("#predict-file").click()
    expect(page.locator("[data-testid=toast-body]")).to_contain_text("Choose a CSV file", timeout=SECONDS)


def test_the_columns_that_a_file_needs_follow_the_task(page):
    go_to(page, "file")
    page.get_by_label("Wine grade").check()
    expect(page.locator("#tab-file")).to_contain_text("volatile_acidity", timeout=SECONDS)


def test_the_use_from_a_program_is_explained_with_a_call_that_works(page, apps):
    go_to(page, "program")
    code = page.locator("#tab-program code").filter(has_text="gradio_client").first.inner_text()
    program = code.replace("the address of this page", apps["predict"].url)
    # The page's own words are run as they stand: that is what a reader does with them.
    done = subprocess.run(
        [sys.executable, "-c", program.replace("client.predict", "print(client.predict") + ")"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert any(f"'prediction': '{label}'" in done.stdout for label in task_named("iris_variety").classes)


def test_everything_is_done_with_the_keyboard_alone(page):
    page.locator("#tab-iris_variety-button").focus()
    page.keyboard.press("Tab")
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == "example-iris_variety-2":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#answer-iris_variety .verdict")).to_be_visible(timeout=SECONDS)
    for _ in range(40):
        if page.evaluate("document.activeElement.closest('#iris_variety-petal_width') !== null"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("1.4")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "predict-iris_variety"
    page.keyboard.press("Enter")
    here = page.locator("#answer-iris_variety tr", has_text="Petal width").locator("td").first
    expect(here).to_have_text("1.4", timeout=SECONDS)


@pytest.mark.parametrize("task", [TASKS[0], "wine_quality"])
def test_a_phone_shows_everything_without_scrolling_sideways(apps, open_page, task):
    page = open_page(apps["predict"].url, **PHONE)
    if task != TASKS[0]:
        go_to(page, task)
    page.locator(f"#surprise-{task}").click()
    expect(page.locator(f"#answer-{task} .verdict")).to_be_visible(timeout=SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect(page.locator(f"#answer-{task} .verdict")).to_be_in_viewport()


@pytest.mark.parametrize("size", [{}, PHONE])
def test_axe_finds_nothing(apps, open_page, complaints, size):
    page = open_page(apps["predict"].url, **size)
    page.locator("#surprise-iris_variety").click()
    expect(page.locator("#answer-iris_variety .verdict")).to_be_visible(timeout=SECONDS)
    assert complaints(page) == {}


@pytest.mark.parametrize("name", ["wine_quality", "file", "program"])
def test_axe_finds_nothing_in_the_other_tabs(page, complaints, name):
    go_to(page, name)
    assert complaints(page) == {}
