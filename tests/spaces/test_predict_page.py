"""The app that predicts, in a browser."""

import re
import subprocess
import sys

import pytest
from PIL import Image
from playwright.sync_api import expect
from waiting import PATIENCE

from pipelines.datasets import all_datasets, task_named

DATASETS = [dataset.name for dataset in all_datasets()]
PHONE = {"width": 390, "height": 844}
SECONDS = PATIENCE
FLOWERS = "sepal_length,sepal_width,petal_length,petal_width\n5.0,3.4,1.5,0.2\nlong,3.4,1.5,0.2\n"


@pytest.fixture(name="page")
def fixture_page(apps, open_page):
    return open_page(apps["predict"].url)


@pytest.fixture(name="shown", scope="module")
def fixture_shown(apps, open_to_read):
    return open_to_read(apps["predict"].url)


def go_to(page, name):
    page.locator(f"#tab-{name}-button").click()
    expect(page.locator(f"#tab-{name}")).to_be_visible()


def fill(page, dataset, **values):
    for name, value in values.items():
        page.locator(f"#{dataset}-{name}").fill(str(value))


def settled(page, dataset):
    """Wait until what is shown is the answer to what is in the inputs."""
    expect(page.locator(f"#source-{dataset}")).to_contain_text("Your own values", timeout=SECONDS)
    expect(page.locator(f"#answer-{dataset} .stale")).to_have_count(0, timeout=SECONDS)


def guess(page, number=0):
    page.locator("#game [data-guess]").nth(number).click()
    expect(page.locator("#game .next")).to_be_visible(timeout=SECONDS)


def test_the_game_comes_first_and_its_question_does_not_tell_the_answer(page):
    game = page.locator("#game")
    expect(game.locator("[data-guess]")).to_have_count(3, timeout=SECONDS)
    assert page.evaluate("document.querySelector('[role=tab]').innerText") == "Game"
    assert game.locator("img").get_attribute("alt") == "A drawing of the sample."
    assert "It is" not in game.inner_text()
    assert "right of 0" in game.inner_text()


def test_a_guess_reveals_what_is_true_what_the_model_says_and_why_and_keeps_the_score(page):
    guess(page)
    game = page.locator("#game")
    truth = game.locator(".choice.truth").inner_text().split()[0]
    expect(game.locator(".ask")).to_contain_text(f"It is {truth}")
    mine = game.locator(".choice.mine").inner_text()
    assert ("✓" in mine) == mine.startswith(truth)
    assert "most have" in game.inner_text()
    assert "right of 1" in game.inner_text()
    game.locator(".next").click()
    expect(game.locator("[data-guess]")).to_have_count(3, timeout=SECONDS)
    guess(page, 1)
    expect(game).to_contain_text("right of 2")


def test_another_task_begins_a_game_of_its_own(page):
    guess(page)
    page.locator("#game-task").get_by_label("Wine grade").check()
    game = page.locator("#game")
    expect(game).to_contain_text("Wine grade: what is it?", timeout=SECONDS)
    assert "right of 0" in game.inner_text()
    assert [button.inner_text() for button in game.locator("[data-guess]").all()] == ["poor", "fair", "excellent"]


def test_the_game_is_played_with_the_keyboard_alone(page):
    page.locator("#game [data-guess]").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#game .next")).to_be_focused(timeout=SECONDS)
    page.keyboard.press("Enter")
    expect(page.locator("#game [data-guess]").first).to_be_focused(timeout=SECONDS)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_tab_begins_with_a_sample_that_no_model_learnt_and_judges_the_answer(page, predictors, dataset):
    go_to(page, dataset)
    answer = page.locator(f"#answer-{dataset}")
    predictor = next(each for each in predictors.values() if each.task.dataset.name == dataset)
    shown = page.locator(f"#source-{dataset}").inner_text()
    assert any(sample in shown for sample in predictor.reserve["sample_id"])
    assert answer.locator(".verdict").inner_text() in predictor.task.classes
    assert answer.locator(".truth").inner_text()[0] in "✓✗"
    assert answer.locator("img").get_attribute("alt").startswith("A drawing of the sample as")
    page.locator(f"#kind-{dataset} input").click()
    page.get_by_role("option", name=predictor.task.classes[1], exact=True).click()
    page.locator(f"#real-{dataset}").click()
    expect(answer.locator(".truth")).to_contain_text(f"it is {predictor.task.classes[1]}.", timeout=SECONDS)
    shown = page.locator(f"#source-{dataset}").inner_text()
    for button in ("real", "surprise"):
        page.locator(f"#{button}-{dataset}").click()
        expect(page.locator(f"#source-{dataset}")).not_to_have_text(shown, timeout=SECONDS)
        shown = page.locator(f"#source-{dataset}").inner_text()
        expect(answer.locator(".truth")).to_be_visible(timeout=SECONDS)


def test_an_edit_is_answered_without_a_button_and_makes_the_old_answer_stale_at_once(page):
    go_to(page, "iris")
    page.evaluate(
        "new MutationObserver(() => { window.aged ||= document.querySelector('#answer-iris .stale') !== null })"
        ".observe(document.querySelector('#answer-iris'), {subtree: true, attributes: true})"
    )
    fill(page, "iris", sepal_length=5.0, sepal_width=3.4, petal_length=1.5, petal_width=0.2)
    settled(page, "iris")
    answer = page.locator("#answer-iris")
    expect(answer.locator(".verdict")).to_have_text("setosa")
    assert page.evaluate("window.aged")
    expect(answer.locator(".truth")).to_have_count(0)
    for words in ("Probability of each class", "What pushed", "nearest real samples", "on samples kept from it"):
        expect(answer).to_contain_text(words)
    page.get_by_role("button", name="The answer as data").first.click()
    expect(page.locator("#data-iris")).to_contain_text("probabilities")


def test_enter_asks_at_once(apps, open_page):
    page = open_page(apps["predict"].url, someone_else=True)
    go_to(page, "iris")
    # Before the pause after an edit could end.
    page.clock.install()
    page.locator("#iris-petal_length").fill("1.5")
    page.locator("#iris-petal_length").press("Enter")
    expect(page.locator("#source-iris")).to_contain_text("Your own values", timeout=SECONDS)


def test_a_slider_and_its_field_move_together_and_stay_in_what_was_seen(page):
    go_to(page, "iris")
    slider = page.get_by_label("Petal length, as a slider")
    fill(page, "iris", petal_length=2.5)
    assert slider.input_value() == "2.5"
    slider.focus()
    page.keyboard.press("End")
    field = page.locator("#iris-petal_length")
    assert field.input_value() == slider.get_attribute("max")
    settled(page, "iris")
    expect(page.locator("#answer-iris")).not_to_contain_text("outside of what the model has seen")


def test_the_tasks_of_a_data_set_share_its_inputs(page):
    go_to(page, "wine")
    fill(page, "wine", alcohol=13.5)
    settled(page, "wine")
    page.locator("#task-wine").get_by_label("Wine grade").check()
    answer = page.locator("#answer-wine")
    expect(answer).to_contain_text("Wine grade", timeout=SECONDS)
    assert page.locator("#wine-alcohol").input_value() == "13.5"
    expect(answer.locator("tr", has_text="Alcohol").locator("td").first).to_have_text("13.5")


def test_inputs_say_their_unit_their_meaning_and_what_is_usual(shown):
    go_to(shown, "iris")
    words = shown.locator("#form-iris .field").first.inner_text()
    assert "Sepal length (cm)" in words
    assert "How long the green outer leaves" in words
    assert re.search(r"Typical: \d\.\d to \d\.\d\.$", words)


def test_a_value_out_of_what_was_seen_is_warned_of(page):
    go_to(page, "iris")
    fill(page, "iris", sepal_length=14)
    warning = page.locator("#answer-iris .warning")
    expect(warning).to_contain_text("Sepal length 14 is outside of what the model has seen", timeout=SECONDS)


def test_a_value_that_is_impossible_takes_the_place_of_the_answer_as_a_sentence(page):
    go_to(page, "iris")
    fill(page, "iris", sepal_length=500)
    expect(page.locator("#answer-iris .late")).to_contain_text("sepal_length", timeout=SECONDS)
    expect(page.locator("#answer-iris .verdict")).to_have_count(0)
    fill(page, "iris", sepal_length=5)
    expect(page.locator("#answer-iris .verdict")).to_be_visible(timeout=SECONDS)


def test_what_is_cleared_is_not_measured_and_nothing_at_all_is_refused(page):
    go_to(page, "iris")
    fill(page, "iris", sepal_width="")
    expect(page.locator("#answer-iris .warning")).to_contain_text("Not measured: Sepal width", timeout=SECONDS)
    fill(page, "iris", sepal_length="", petal_length="", petal_width="")
    expect(page.locator("#answer-iris .late")).to_contain_text("Nothing is filled in", timeout=SECONDS)


def test_the_card_of_the_model_is_there(page):
    go_to(page, "iris")
    page.get_by_role("button", name="About the model").first.click()
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
    page.locator("#file-task").get_by_label("Wine grade").check()
    expect(page.locator("#tab-file")).to_contain_text("volatile_acidity", timeout=SECONDS)


def test_the_file_to_try_is_taken_scored_and_leaves_no_empty_table(page, tmp_path):
    go_to(page, "file")
    page.locator("#file-task").get_by_label("Wine grade").check()
    expect(page.locator("#file-columns")).to_contain_text("quality", timeout=SECONDS)
    with page.expect_download() as download:
        page.locator("#file-columns a").click()
    assert download.value.suggested_filename == "wine_grade.csv"
    download.value.save_as(tmp_path / "wine_grade.csv")
    page.locator("#file input[type=file]").set_input_files(tmp_path / "wine_grade.csv")
    expect(page.locator("#file")).to_contain_text("wine_grade")
    page.locator("#predict-file").click()
    expect(page.locator("#file-summary")).to_contain_text("Of 25 rows with quality", timeout=SECONDS)
    expect(page.locator("#file-predictions")).to_be_visible()
    expect(page.locator("#file-rejected")).to_have_count(0)


def test_the_use_from_a_program_is_explained_with_a_call_that_works_as_it_stands(page, apps):
    go_to(page, "program")
    code = page.locator("#tab-program code").filter(has_text="gradio_client").first
    expect(code).to_contain_text(apps["predict"].url, timeout=SECONDS)
    # The page's own words are run: that is what a reader does with them.
    done = subprocess.run([sys.executable, "-c", code.inner_text()], capture_output=True, text=True, check=True)
    assert any(f"'prediction': '{label}'" in done.stdout for label in task_named("iris_variety").classes)


def test_the_animation_of_the_readme_can_be_played_again(apps, browser, screenshots, tmp_path):
    played, kept = (
        screenshots.animate(browser, apps["predict"].url, tmp_path, rounds=1),
        screenshots.PICTURES / "game.gif",
    )
    with Image.open(played) as new, Image.open(kept) as old:
        assert new.size == old.size
        assert 2 <= new.n_frames < old.n_frames
    assert kept.stat().st_size < 600_000


def test_the_game_fits_a_phone(apps, open_page):
    page = open_page(apps["predict"].url, **PHONE)
    guess(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_phone_shows_everything_without_scrolling_sideways(apps, open_page, dataset):
    page = open_page(apps["predict"].url, **PHONE)
    title = next(each.title for each in all_datasets() if each.name == dataset)
    page.get_by_role("tab", name=title).filter(visible=True).click()
    expect(page.locator(f"#answer-{dataset} .verdict")).to_be_visible(timeout=SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{}, PHONE])
def test_axe_finds_nothing_in_the_game(apps, open_page, complaints, size, scheme):
    page = open_page(apps["predict"].url, **size)
    page.emulate_media(color_scheme=scheme)
    page.reload()
    guess(page)
    assert complaints(page) == {}


@pytest.mark.parametrize("name", [*DATASETS, "file", "program"])
def test_axe_finds_nothing_in_the_other_tabs(shown, complaints, name):
    go_to(shown, name)
    assert complaints(shown) == {}
