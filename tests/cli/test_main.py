import os
import re
import signal
import subprocess
import sys
import threading
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.cli.main import main
from pipelines.datasets import dataset_named
from pipelines.errors import NotebookError, SourceError
from pipelines.stores.catalogue import samples_group
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training import notebook

ROOT = Path(__file__).parents[2]
VERBS = {"backfill", "features", "train", "infer", "dashboard", "promote", "status", "doctor", "demo", "publish",
         "copy", "serve", "repair", "workflows", "alarms", "new",
         "compare", "attested"}  # fmt: skip


def run(*arguments, **environment):
    """The command line as a person calls it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


MODELS_AND_PICTURES = {"sklearn", "skops", "matplotlib"}
HEAVY = {"papermill", "gradio", "huggingface_hub", "hopsworks"}


def refusal(capsys, *arguments) -> str:
    """The one line that a call of wrong use is answered with."""
    assert main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    return line.removeprefix("error: ")


def test_help_names_every_verb_with_a_sentence():
    text = run("--help", COLUMNS="100").stdout
    described = dict(re.findall(r"^  (\w+) +([A-Z].*[.])$", text, flags=re.MULTILINE))
    assert set(described) == VERBS


def test_closed_streams_go_nowhere():
    closing = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', sys.executable, "-m", "pipelines", "--help"]
    assert subprocess.run(closing, check=False).returncode == 0


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help(capsys, verb):
    assert main([verb, "--help"]) == 0
    assert f"Usage: python -m pipelines {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("verb", "choices"),
    [
        ("features", ["iris, wine", "simulate, replay, fetch, record", "none, shifted_sensor, new_mix, broken_units"]),
        ("train", ["iris_variety, wine_quality, wine_grade, wine_type"]),
        ("promote", ["iris_variety, wine_quality, wine_grade, wine_type"]),
    ],
)
def test_the_help_of_a_verb_lists_what_there_is_to_choose_from(verb, choices):
    told, modules = printed_and_imported(verb, "--help")
    text = " ".join(told.replace("│", " ").split())
    assert [choice for choice in choices if f"One of: {choice}." in text] == choices
    assert text.count("One of:") == len(choices)
    assert not {*MODELS_AND_PICTURES, *HEAVY} & modules


def test_the_version_is_that_of_the_project(capsys):
    assert main(["--version"]) == 0
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert capsys.readouterr().out == f"serverless-ml {version}\n"


def printed_and_imported(*arguments):
    """What a call prints, and the packages that it imports which Python does not bring."""
    program = (
        "import sys; from pipelines.cli.main import main; code = main(sys.argv[1:])\n"
        "names = {name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names\n"
        "print(*names, file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, set(done.stderr.splitlines()[-1].split())


def test_help_imports_only_what_it_is_made_of():
    made_of = {"typer", "rich", "shellingham", "annotated_doc", "pygments", "markdown_it", "mdurl", "attr"}
    ours_and_python = {"pipelines", "__main__", "__mp_main__", "sitecustomize", "usercustomize", "typing_extensions"}
    installed = {name for name in printed_and_imported("--help")[1] if not name.startswith("_")}
    assert installed <= made_of | ours_and_python


@pytest.mark.parametrize(
    ("verb", "heavy"),
    [
        ("status", {"scipy", *MODELS_AND_PICTURES, *HEAVY}),
        ("features", {*MODELS_AND_PICTURES, *HEAVY}),
        ("infer", HEAVY),
        ("dashboard", {"sklearn", "skops", *HEAVY}),
    ],
)
def test_a_light_verb_imports_only_what_it_uses(verb, heavy):
    assert main(["backfill"]) == 0
    assert not heavy & printed_and_imported(verb)[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing command"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["statsu"], "Did you mean 'status'?"),
        (["features", "--pre-day", "1"], "No such option: --pre-day (Possible options: --per-day)"),
        (["train", "wine_colour"], "There is no task 'wine_colour'; choose from iris_variety, wine_quality"),
        (["features", "beer"], "There is no data set 'beer'; choose from iris, wine"),
        (["promote", "wine_colour", "1", "--reason", "x"], "There is no task 'wine_colour'"),
        (["promote", "wine_grade", "newest", "--reason", "x"], "'newest' is not a whole number"),
        (["promote", "wine_grade", "1"], "--reason"),
        (["features", "--date", "31.12.2025"], "write it as YYYY-MM-DD"),
        (["features", "--date", "2025-02-30"], "write it as YYYY-MM-DD"),
        (["features", "--per-day", "0"], "not a whole number from 1 to 10000"),
        (["features", "--per-day", "-1"], "--per-day"),
        (["features", "--scenario", "meteor"], "no scenario 'meteor'; choose from none, shifted_sensor"),
        (["features", "--arrivals", "stork"], "no kind of arrivals 'stork'; choose from simulate, replay"),
        (["train", "--search", "long"], "'long' is not one of 'quick', 'full'"),
        (["demo", "--days", "367"], "not a whole number from 1 to 366"),
        (["backfill", "--source", "x.csv"], "--source belongs to one data set"),
        (["copy", "--from", "embedded", "--to", "embedded"], "they must differ"),
        (["workflows", "--check", "--write"], "exclude each other"),
    ],
)
def test_wrong_use_is_named(capsys, arguments, says):
    assert says in refusal(capsys, *arguments)


@pytest.mark.parametrize("arguments", [["features", "--date"], ["infer", "--date"], ["demo", "--end"]])
def test_a_future_day_is_refused(capsys, arguments):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert f"{tomorrow} is in the future" in refusal(capsys, *arguments, tomorrow)


def test_white_space_around_a_number_and_a_day_does_not_matter(tmp_path):
    assert main(["backfill", "iris"]) == 0
    assert main(["features", "iris", "--per-day=2\n", "--date= 2026-03-01 "]) == 0
    assert EmbeddedStore(tmp_path / "store").count(samples_group(dataset_named("iris"))) == 152


def test_a_wrong_setting_is_wrong_use(capsys, monkeypatch):
    monkeypatch.setenv("STORE", "postgres")
    assert "STORE is 'postgres'; it can be embedded or hopsworks" in refusal(capsys, "status")


def test_hopsworks_without_a_key_is_refused_before_anything_is_asked(capsys, monkeypatch):
    monkeypatch.setenv("STORE", "hopsworks")
    assert main(["status"]) != 0
    assert "HOPSWORKS_API_KEY" in capsys.readouterr().err


def test_what_has_nothing_new_to_learn_is_told_in_a_line_and_not_trained(capsys, monkeypatch):
    monkeypatch.setattr("pipelines.training.pipeline.nothing_new", lambda _, task: f"{task.name}: nothing new")
    assert main(["train", "wine_grade", "--only-new"]) == 0
    assert capsys.readouterr().out == "wine_grade: nothing new\n"


def test_results_go_to_stdout_and_progress_to_stderr(tmp_path):
    done = run("backfill", "iris", STORE_DIR=str(tmp_path / "store"))
    assert done.returncode == 0
    assert "150" in done.stdout
    assert "backfill iris" in done.stderr


def test_a_job_summary_is_appended_and_log_groups_are_opened_on_actions(monkeypatch, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(["backfill", "iris"]) == 0
    assert summary.read_text().startswith("before\n")
    assert "150" in summary.read_text()


def test_an_error_on_actions_is_an_annotation(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(["backfill", "iris", "--source", "absent.csv"]) == 1
    assert "::error::Cannot read the source absent.csv" in capsys.readouterr().err


def test_a_verb_goes_on_after_one_fails_and_tells_all(capsys, monkeypatch):
    def refuse(_, dataset, **__):
        raise {"iris": SourceError, "wine": RecursionError}[dataset.name](f"no {dataset.name} today")

    monkeypatch.setattr("pipelines.features.daily.run_features", refuse)
    assert main(["features"]) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert told == [
        "error: iris: no iris today",
        "error: wine: no wine today",
        "error: 2 of 2 failed: iris, wine. What went wrong is above.",
    ]


def test_what_did_not_fail_is_done(capsys, monkeypatch):
    assert main(["backfill"]) == 0
    from pipelines.features import daily

    real = daily.run_features

    def only_wine(store, dataset, **options):
        if dataset.name == "iris":
            raise SourceError("no iris today")
        return real(store, dataset, **options)

    monkeypatch.setattr(daily, "run_features", only_wine)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(["features"]) == 1
    told = capsys.readouterr()
    assert "::error::iris: no iris today" in told.err
    assert told.err.count("::group::") == told.err.count("::endgroup::")
    assert main(["features", "iris"]) == 1
    assert "1 of 1" not in capsys.readouterr().err
    monkeypatch.undo()


@pytest.mark.parametrize("arguments", [["backfill"], ["--help"]])
def test_an_interrupt_anywhere_ends_in_one_line(arguments, tmp_path):
    """The signal comes while the named module is imported, which is before and within the verb."""
    moment = {"backfill": "pandas", "--help": "typer"}[arguments[0]]
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {moment!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    done = run(*arguments, PYTHONPATH=str(tmp_path))
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr.splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in done.stderr


def test_tasks_are_trained_at_once_and_one_that_fails_stops_no_other(capsys, monkeypatch):
    both = threading.Barrier(2)

    def fail(source, output, parameters, *, manager):  # noqa: ARG001 - as notebooks are run
        both.wait(timeout=600)
        raise NotebookError(f"No rows of {parameters['task']}.")

    monkeypatch.setattr(notebook, "run_notebook", fail)
    monkeypatch.setattr(notebook, "cpu_count", lambda: 2)
    assert main(["train", "iris_variety", "wine_grade", "--search", "quick"]) == 1
    told = capsys.readouterr().err
    assert "iris_variety: No rows of iris_variety." in told
    assert "wine_grade: No rows of wine_grade." in told
