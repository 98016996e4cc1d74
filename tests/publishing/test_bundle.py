import json
import re
import subprocess
import sys

import pytest
import yaml

from pipelines.datasets import all_datasets, all_tasks
from pipelines.errors import NotReadyError
from pipelines.publishing import bundle as bundles
from pipelines.publishing.bundle import HUB_PACKAGE, PYTHON, ROOT, site_bundle, space_bundles, write_bundle
from pipelines.publishing.lock import FILE, read_lock
from pipelines.stores.embedded import EmbeddedStore


@pytest.fixture(name="empty", scope="module")
def fixture_empty(tmp_path_factory):
    """The bundles of a store in which nothing has happened yet."""
    return {bundle.name: bundle for bundle in space_bundles(EmbeddedStore(tmp_path_factory.mktemp("empty") / "store"))}


@pytest.fixture(name="full", scope="module")
def fixture_full(demo_dir):
    """The bundles of a store after a few simulated days."""
    return {bundle.name: bundle for bundle in space_bundles(EmbeddedStore(demo_dir))}


def front_matter(bundle):
    return yaml.safe_load(bundle.files["README.md"].decode().split("---")[1])


@pytest.mark.parametrize("name", ["predict", "monitor"])
def test_an_app_is_imported_from_its_bundle_alone(empty, name, tmp_path):
    write_bundle(empty[name].files, tmp_path)
    program = (
        "import app, sys; ours = {'pipelines', 'spaces', 'interface'};"
        " wrong = [m.__file__ for n, m in sys.modules.items() if n.split('.')[0] in ours"
        " and not m.__file__.startswith(sys.argv[1])]; sys.exit(str(wrong) if wrong else 0)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=tmp_path, env={"PATH": ""}, check=True)


@pytest.mark.parametrize("name", ["predict", "monitor"])
def test_versions_agree_between_the_readme_the_requirements_and_the_lock(empty, name):
    lock = read_lock(FILE.read_text(encoding="utf-8"))
    card, requirements = front_matter(empty[name]), empty[name].files["requirements.txt"].decode()
    assert card["sdk"] == "gradio"
    assert card["sdk_version"] == lock.version("gradio")
    assert re.fullmatch(r"\d+\.\d+\.\d+", card["sdk_version"])
    assert card["python_version"] == PYTHON
    assert f"{HUB_PACKAGE}\n" in requirements
    for package in ("gradio", "scikit-learn", "skops", "numpy"):
        assert f"{package}=={lock.version(package)}\n" in requirements
    assert (ROOT / card["app_file"]).name in empty[name].files


def test_what_a_space_installs_is_what_this_environment_has():
    import gradio
    import sklearn

    lock = read_lock(FILE.read_text(encoding="utf-8"))
    assert gradio.__version__ == lock.version("gradio")
    assert sklearn.__version__ == lock.version("scikit-learn")
    assert f"{sys.version_info.major}.{sys.version_info.minor}" >= lock.python


def test_neither_space_installs_the_feature_store_or_the_tests(empty):
    requirements = empty["predict"].files["requirements.txt"].decode()
    for package in ("hopsworks", "papermill", "deltalake", "pytest", "playwright", "sqlalchemy"):
        assert f"\n{package}==" not in f"\n{requirements}"


def test_a_store_in_which_nothing_happened_makes_bundles_without_data(empty):
    assert not [path for bundle in empty.values() for path in bundle.files if path.startswith(("models", "history"))]


def test_a_static_page_that_is_not_drawn_yet_says_what_to_run(tmp_path):
    with pytest.raises(NotReadyError, match="pipelines dashboard"):
        site_bundle(EmbeddedStore(tmp_path / "store"))


def test_bundles_hold_the_champions_the_samples_the_history_and_the_pictures(full):
    predict, monitor = full["predict"].files, full["monitor"].files
    for task in all_tasks():
        assert {f"models/{task.name}/{name}" for name in ("model.skops", "model.json", "card.md")} <= predict.keys()
        assert f"history/{task.name}.parquet" in monitor
        assert f"dashboard/{task.name}/newest.png" in monitor
    for dataset in all_datasets():
        assert f"samples/{dataset.name}.parquet" in predict
    assert "dashboard/metrics.json" in monitor
    assert not [path for path in predict if path.endswith(".ipynb")]


def test_both_spaces_know_where_the_other_parts_are(demo_dir):
    links = {"predict": "https://p.example", "monitor": "https://m.example"}
    for bundle in space_bundles(EmbeddedStore(demo_dir), links):
        assert json.loads(bundle.files["dashboard/links.json"]) == links


def test_bundles_of_an_unchanged_store_are_the_same_byte_by_byte(full, demo_dir):
    again = {bundle.name: bundle for bundle in space_bundles(EmbeddedStore(demo_dir))}
    assert again == full


def test_every_file_lies_where_publishing_cleans_up_or_is_replaced_by_name(full):
    loose = {"README.md", "app.py", "requirements.txt"}
    for bundle in full.values():
        assert all(path in loose or path.startswith(bundles.OWNED) for path in bundle.files)


def test_writing_a_bundle_touches_only_what_differs_and_removes_what_is_gone(tmp_path):
    write_bundle({"a.txt": b"1", "deep/b.txt": b"2", "c.txt": b"3"}, tmp_path)
    before = (tmp_path / "a.txt").stat().st_mtime_ns
    assert write_bundle({"a.txt": b"1", "deep/b.txt": b"9"}, tmp_path) == ["c.txt", "deep/b.txt"]
    assert (tmp_path / "a.txt").stat().st_mtime_ns == before
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.txt", "b.txt"]
    assert (tmp_path / "deep" / "b.txt").read_bytes() == b"9"


def test_no_module_outside_the_data_sets_names_one():
    named = re.compile(r"\b(" + "|".join(dataset.name for dataset in all_datasets()) + r")\b", re.IGNORECASE)
    ours = [*(ROOT / "pipelines" / "publishing").glob("*.py"), *(ROOT / "spaces").rglob("*.py")]
    assert [path.name for path in ours if named.search(path.read_text(encoding="utf-8"))] == []
