"""Both apps, started once from the bundles of the demo store, and a browser that may talk to nobody else."""

import os
import urllib.error
import urllib.request
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from waiting import PATIENCE, wait_until

from pipelines.datasets import all_tasks
from pipelines.publishing import serve as serving
from pipelines.publishing.bundle import space_bundles, write_bundle
from pipelines.publishing.serve import running_apps
from pipelines.stores.embedded import EmbeddedStore
from spaces.files import SpaceFolder
from spaces.predict.predictor import predictor_of


def answers(url):
    try:
        with urllib.request.urlopen(url):  # noqa: S310 - always http
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


@pytest.fixture(scope="session", autouse=True)
def own_ports():
    """Test processes side by side, of this run or of another, would see the same port free at the same moment."""
    first = 18000 + 50 * (os.getpid() % 200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "FIRST_PORT", first)
        patch.setattr(serving, "LAST_PORT", first + 49)
        yield


@pytest.fixture(name="apps", scope="session")
def fixture_apps(demo_dir, tmp_path_factory):
    with running_apps(EmbeddedStore(demo_dir), tmp_path_factory.mktemp("apps")) as apps:
        for app in apps:
            wait_until(partial(answers, app.url), alive=app.process)
        yield {app.name: app for app in apps}


@pytest.fixture(name="predict_folder", scope="session")
def fixture_predict_folder(demo_dir, tmp_path_factory):
    """The bundle of the app that predicts, in a folder. Only to be read."""
    folder = tmp_path_factory.mktemp("predict")
    write_bundle(space_bundles(EmbeddedStore(demo_dir))[0].files, folder)
    return folder


@pytest.fixture(name="predictors", scope="session")
def fixture_desks(predict_folder):
    """What each tab works with, by the name of its task."""
    space = SpaceFolder(predict_folder)
    return {task.name: predictor_of(space, task) for task in all_tasks()}


@pytest.fixture(name="visitor", scope="session")
def fixture_visitor(browser):
    """One visitor of all pages: a browser that has loaded Gradio once need not load and compile it for every page."""
    visitor = browser.new_context()
    yield visitor
    visitor.close()


@contextmanager
def opening(browser, visitor):
    """Opens pages; at the end, no request may have gone elsewhere and no script may have failed.

    What pages keep with their visitor is forgotten then. A test that changes more than its page, such as the clock,
    opens it as `someone_else`.
    """
    foreign, failures, pages = [], [], []

    def open_page(url, width=1200, height=900, *, someone_else=False):
        page = browser.new_page() if someone_else else visitor.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: foreign.append(request.url) if is_foreign(request.url) else None)
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto(url)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.evaluate("localStorage.clear()")
        page.close()
    visitor.clear_cookies()
    assert foreign == []
    assert failures == []


@pytest.fixture(name="open_page")
def fixture_open_page(browser, visitor):
    """Opens pages for one test."""
    with opening(browser, visitor) as open_page:
        yield open_page


@pytest.fixture(name="open_to_read", scope="module")
def fixture_open_to_read(browser, visitor):
    """Opens pages for all tests of a module that only look at them."""
    with opening(browser, visitor) as open_page:
        yield open_page


@pytest.fixture(name="complaints")
def fixture_complaints():
    """What axe finds wrong with a page, by the name of its rule, with the elements."""

    def complaints(page):
        found = Axe().run(page).response["violations"]
        return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found}

    return complaints


def is_foreign(url):
    parts = urlsplit(url)
    return parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1"
