"""The fields of a sample show what people can take in, and give back what came."""

import pytest

from spaces.predict.form import SCRIPT

FORM = '<div data-ages="#none"><input type="number" name="a" step="any"></div>'
# The four names that Gradio gives to the script of a component.
START = """value => {
  window.props = {value};
  const element = document.body;
  new Function("element", "props", "watch", "trigger", script)(element, props, () => null, () => null);
}"""


@pytest.fixture(name="page")
def fixture_page(browser):
    page = browser.new_page()
    page.set_content(FORM)
    page.evaluate("text => { window.script = text; }", SCRIPT)
    yield page
    page.close()


@pytest.mark.parametrize(
    ("value", "shown"),
    [(6.592857, "6.593"), (0.99708, "0.9971"), (5.1, "5.1"), (20640.5, "20641"), (-0.707482, "-0.7075"), (None, "")],
)
def test_a_field_shows_telling_digits_and_gives_back_the_value_that_came(page, value, shown):
    page.evaluate(START, {"a": value})
    field = page.locator("input")
    assert field.input_value() == shown
    field.press("Enter")
    assert page.evaluate("props.value") == {"a": value}


def test_a_field_that_is_changed_gives_what_it_shows(page):
    page.evaluate(START, {"a": 6.592857})
    field = page.locator("input")
    field.fill("6.6")
    field.press("Enter")
    assert page.evaluate("props.value") == {"a": 6.6}
    field.fill("")
    field.press("Enter")
    assert page.evaluate("props.value") == {"a": None}
