import gzip
import json
import shutil
from pathlib import Path

import histories
import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from dashboards import refresh_dashboard
from trainings import training_data

from pipelines import models
from pipelines.datasets import all_tasks, task_named
from pipelines.datasets.contract import validate
from pipelines.models import decide
from pipelines.models.ensemble import Ensemble, fill_missing, medians, slim
from pipelines.monitoring import browser_model
from pipelines.monitoring.browser_model import LARGEST, form_of, model_script
from pipelines.monitoring.dashboard import SITE_FILE
from pipelines.stores.catalogue import load_version, samples_group, task_view
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.families import FAMILIES, Shape

ROWS = 1000
IRIS = task_named("iris_variety")
NOW = histories.START
TASKS = pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
ASK = """async ([task, inputs, rows, decision, classes]) => {
    const predictor = await predictorOf(task, `models/${task}.js`);
    const chances = rows.map((row) => predictor.probabilities(encode(inputs, row)));
    return [chances, chances.map((each) => decide(classes, each, decision))];
}"""


def opened(browser, site, **options):
    """The page of a site folder, opened from disk without any network; `errors` fills with what goes wrong."""
    page = browser.new_context(offline=True, **options).new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto((site / "index.html").resolve().as_uri())
    return page


@pytest.fixture(scope="module")
def page(demo_dir, browser):
    page = opened(browser, demo_dir / "site")
    yield page
    page.context.close()


@pytest.fixture
def form(page):
    """The form of the wine grades, opened anew."""
    page.reload()
    form = page.locator(".try[data-task=wine_grade]")
    form.locator("summary").click()
    form.get_by_text("The model is ready.").wait_for()
    return form


def predicted(form):
    form.get_by_role("button", name="Predict").click()
    return form.locator(".said :is(.verdict, .refused)").inner_text()


def made_up(task):
    """Samples over the allowed ranges and beyond what training saw, a tenth of the cells missing."""
    rng, real = np.random.default_rng(5), training_data(task.name).test
    rows = pd.DataFrame(index=range(ROWS))
    for feature in map(task.dataset.feature, task.inputs):
        cells = rng.choice(real[feature.name].to_numpy(), ROWS)
        if feature.kind == "numeric":
            cells = np.where(rng.random(ROWS) < 0.1, rng.uniform(feature.low, feature.high, ROWS).round(3), cells)
        rows[feature.name] = np.where(rng.random(ROWS) < 0.1, None, cells)
    # Once through JSON, so that Python and the browser get the same numbers.
    return pd.DataFrame(records(rows))


def records(rows):
    return json.loads(rows.to_json(orient="records", double_precision=15))


def compare(page, model, rows):
    """That the page answers these rows as Python does."""
    inputs = [{"name": name, "kind": each["kind"], "values": each.get("values", [])}
              for name, each in model.inputs.items()]  # fmt: skip
    arguments = [model.task, inputs, records(rows), dict(model.decision), list(model.classes)]
    chances, classes = page.evaluate(ASK, arguments)
    expected = models.predict(model, rows)
    assert np.abs(np.array(chances) - expected.drop(columns="prediction").to_numpy()).max() < 1e-9
    assert classes == list(expected["prediction"])
    assert page.errors == []


@TASKS
def test_the_page_answers_a_thousand_rows_as_python_does(page, demo_store, task):
    model = load_version(demo_store, task, demo_store.champion(task.name).version, models.load)
    rows = made_up(task)
    assert rows.isna().to_numpy().sum() > ROWS / 20
    compare(page, model, rows)


def test_the_page_encodes_a_category_of_many_values_as_python_does(page):
    inputs = {"shop": {"kind": "categorical", "values": [*"abc"], "own": ["b"], "frequencies": {"a": 0.5, "b": 1.0}},
              "age": {"kind": "numeric", "values": []}}  # fmt: skip
    rows = pd.DataFrame({"shop": ["a", "b", "c"], "age": [1.5, 2.5, 3.5]})
    asked = [[{"name": name, **about} for name, about in inputs.items()], records(rows)]
    encoded = page.evaluate("([inputs, rows]) => rows.map((row) => encode(inputs, row))", asked)
    np.testing.assert_array_equal(encoded, models.encode(inputs, rows))


@TASKS
def test_a_model_is_small_and_the_same_bytes_each_time(demo_store, task):
    script = demo_store.get_file(f"site/models/{task.name}.js")
    assert len(gzip.compress(script)) < LARGEST
    version = demo_store.champion(task.name).version
    assert script == load_version(demo_store, task, version, lambda folder: model_script(models.load(folder)))


@TASKS
def test_a_form_begins_with_a_sample_that_no_version_learns(page, demo_store, task):
    examples = form_of(demo_store, task.name)["examples"]
    samples = demo_store.read(samples_group(task.dataset)).set_index("sample_id")
    assert {samples["role"][example["sample_id"]] for example in examples} == {"test"}
    rows = pd.DataFrame([example["values"] for example in examples])
    assert validate(task.dataset, rows, labelled=False, features=task.inputs).rejected.empty
    source = page.locator(f".try[data-task={task.name}] .source").text_content()
    assert source.startswith(f"This is {examples[0]['sample_id']}, which turned out {examples[0]['label']}.")


def one_family(kind, task, folder):
    """A model of one family alone, fitted on some real rows."""
    data = training_data(task.name, 400)
    matrix, fill = models.encode(data.inputs, data.train), medians(models.encode(data.inputs, data.train))
    labels = task.labels(data.train).map(task.classes.index).to_numpy(dtype=np.int64)
    family = next(family for family in FAMILIES if family.name == kind)
    fitted = family.make(Shape(len(data.train), len(task.dataset.numeric)), 0).fit(fill_missing(matrix, fill), labels)
    parts = Ensemble(fill, {kind: slim(fitted) if kind == "forest" else fitted}, None, len(task.classes), task.ordinal)
    models.save(folder, parts, {"task": task.name, "version": 2, "classes": list(task.classes), "inputs": data.inputs,
                                "decision": {"kind": "argmax"}})  # fmt: skip
    return models.load(folder)


@pytest.mark.parametrize("kind", ["linear", "discriminant", "forest", "kernel"])
@pytest.mark.parametrize("name", ["wine_quality", "wine_type"])
def test_every_family_but_one_runs_in_a_browser(demo_dir, browser, tmp_path, kind, name):
    task = task_named(name)
    model = one_family(kind, task, tmp_path / "model")
    site = shutil.copytree(demo_dir / "site", tmp_path / "site")
    (site / "models" / f"{name}.js").write_bytes(model_script(model))
    page = opened(browser, site)
    compare(page, model, made_up(task))
    page.context.close()


def crown(store, model, folder):
    store.register(task_view(IRIS), model.info["version"], folder)
    store.move_champion(histories.entry(IRIS, model.info["version"]), store.champion(IRIS.name).version)


def test_a_kind_that_runs_in_python_only_is_one_sentence(demo_copy, browser, tmp_path):
    crown(demo_copy, one_family("nearest neighbours", IRIS, tmp_path / "model"), tmp_path / "model")
    refresh_dashboard(demo_copy, IRIS.dataset, NOW)
    page = opened(browser, Path(demo_copy.location) / "site")
    form = page.locator(".try[data-task=iris_variety]")
    form.locator("summary").click()
    assert "A model with KNeighborsClassifier runs in Python only." in form.inner_text()
    assert form.locator("form").count() == 0
    assert page.errors == []
    page.context.close()


def test_a_model_that_is_too_large_or_damaged_is_one_sentence(demo_copy, tmp_path, monkeypatch):
    monkeypatch.setattr(browser_model, "LARGEST", 100)
    model = one_family("linear", IRIS, tmp_path / "model")
    crown(demo_copy, model, tmp_path / "model")
    refresh_dashboard(demo_copy, IRIS.dataset, NOW)
    assert "a page loads no more than" in form_of(demo_copy, IRIS.name)["refusal"]
    (Path(demo_copy.location) / "models" / IRIS.name / "2" / "model.skops").write_bytes(b"")
    refresh_dashboard(demo_copy, IRIS.dataset, NOW)
    assert "It is damaged" in form_of(demo_copy, IRIS.name)["refusal"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"title": "\\ud800"}',
        browser_model._json({"refusal": "", "inputs": []}).replace(b"[]", b'"x"'),
    ],
)
def test_a_form_that_is_damaged_or_was_changed_is_none(tmp_path, content):
    store = EmbeddedStore(tmp_path)
    store.put_file("site/models/iris_variety.json", content)
    assert form_of(store, IRIS.name) is None


def test_a_new_champion_has_a_new_address_and_the_same_one_is_not_loaded_again(demo_copy, tmp_path, monkeypatch):
    before = form_of(demo_copy, IRIS.name)["script"]
    crown(demo_copy, one_family("linear", IRIS, tmp_path / "model"), tmp_path / "model")
    written = refresh_dashboard(demo_copy, IRIS.dataset, NOW).written
    assert {"site/models/iris_variety.js", "site/models/iris_variety.json", SITE_FILE} <= set(written)
    assert form_of(demo_copy, IRIS.name)["script"] != before
    monkeypatch.setattr(browser_model, "load_version", None)
    assert refresh_dashboard(demo_copy, IRIS.dataset, NOW).written == ()


def test_a_form_that_was_not_put_whole_is_put_again(demo_copy, monkeypatch):
    whole = demo_copy.get_file("site/models/iris_variety.js")
    for file in (demo_copy.root / "site/models").glob("iris_variety.*"):
        file.unlink()
    put, names = demo_copy.put_file, iter(("the first alone", None))

    def put_one(name, content):
        if name.startswith("site/models/iris") and next(names) is None:
            raise KeyboardInterrupt
        put(name, content)

    with monkeypatch.context() as patch:
        patch.setattr(demo_copy, "put_file", put_one)
        with pytest.raises(KeyboardInterrupt):
            refresh_dashboard(demo_copy, IRIS.dataset, NOW)
    refresh_dashboard(demo_copy, IRIS.dataset, NOW)
    assert demo_copy.get_file("site/models/iris_variety.js") == whole
    assert form_of(demo_copy, IRIS.name)


def test_nothing_is_loaded_before_the_form_is_opened(demo_dir, browser):
    page = browser.new_page()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((demo_dir / "site" / "index.html").resolve().as_uri())
    assert [url for url in requests if url.endswith(".js") or "/models/" in url] == []
    page.locator(".try[data-task=wine_grade] summary").click()
    page.get_by_text("The model is ready.").wait_for()
    assert ["wine_grade" in url for url in requests if "/models/" in url] == [True]
    page.close()


def test_an_answer_says_the_class_and_what_to_be_careful_about(form):
    form.locator("[name=ph]").fill("")
    form.locator("[name=chlorides]").fill("4.5")
    assert any(predicted(form).startswith(f"{label}, probability ") for label in task_named("wine_grade").classes)
    said = form.locator(".said").inner_text()
    assert "Chlorides 4.5 is outside of what the model has seen" in said
    assert "Not measured: pH. The model takes typical values instead." in said


def test_an_example_is_filled_in_and_answered(form, demo_store):
    example = form_of(demo_store, "wine_grade")["examples"][-1]
    form.get_by_role("button", name=example["label"]).click()
    form.locator(".verdict").wait_for()
    assert float(form.locator("[name=alcohol]").input_value()) == example["values"]["alcohol"]
    assert form.locator("[name=type]").input_value() == example["values"]["type"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("30", "This sample cannot be right: Alcohol 30 is too high (allowed: from 5 to 25 % vol)."),
        ("-1", "This sample cannot be right: Alcohol -1 is too low (allowed: from 5 to 25 % vol)."),
        ("1e", "This sample cannot be right: Alcohol is not a number (allowed: from 5 to 25 % vol)."),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_sentence(form, typed, sentence):
    form.locator("[name=alcohol]").fill("")
    form.locator("[name=alcohol]").press_sequentially(typed)
    assert predicted(form) == sentence
    assert form.locator("[name=alcohol]").get_attribute("aria-invalid") == "true"
    form.locator("[name=alcohol]").fill("10")
    assert "probability" in predicted(form)
    assert form.locator("[aria-invalid]").count() == 0


def test_an_empty_sample_is_refused(form):
    for field in form.locator("input").all():
        field.fill("")
    form.locator("select").select_option("")
    assert predicted(form) == "Nothing is filled in; give at least one input."


def test_a_model_that_does_not_come_is_said_and_asked_for_again(demo_dir, browser, tmp_path):
    site = shutil.copytree(demo_dir / "site", tmp_path / "site")
    script = site / "models" / "iris_variety.js"
    script.rename(tmp_path / "kept.js")
    page = opened(browser, site)
    form = page.locator(".try[data-task=iris_variety]")
    form.locator("summary").click()
    form.get_by_text("The model could not be loaded; check the connection.").wait_for()
    (tmp_path / "kept.js").rename(script)
    form.get_by_role("button", name="Predict").click()
    form.locator(".verdict").wait_for()
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_form_works_by_keyboard_on_a_phone_and_is_accessible(demo_dir, browser, width, scheme):
    page = opened(browser, demo_dir / "site", viewport={"width": width, "height": 800}, color_scheme=scheme)
    form = page.locator(".try[data-task=iris_variety]")
    form.locator("summary").focus()
    page.keyboard.press("Enter")
    form.get_by_text("The model is ready.").wait_for()
    form.locator("[name=petal_width]").focus()
    page.keyboard.press("Enter")
    form.locator(".verdict").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Axe().run(page).response["violations"] == []
    page.context.close()


def test_costs_decide_in_the_browser_as_in_python(page):
    classes, rule = ["a", "b", "c"], {"kind": "costs", "costs": [[0, 20, 20], [1, 0, 1], [1, 1, 0]]}
    chances = np.random.default_rng(0).dirichlet(np.ones(3), 100)
    answers = page.evaluate("([k, p, r]) => p.map((each) => decide(k, each, r))", [classes, chances.tolist(), rule])
    assert answers == decide(classes, chances, rule).tolist()
    assert set(answers) == set(classes)
