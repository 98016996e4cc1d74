"""A data set that cannot work is refused where it is declared, in one sentence."""

import sys
import textwrap
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipelines import datasets
from pipelines.cli import commands
from pipelines.cli.main import main
from pipelines.datasets import dataset_named
from pipelines.errors import DeclarationError
from tests.outcomes import with_outcome

IRIS = dataset_named("iris")
WINE = dataset_named("wine")
QUALITY, GRADE, TYPE = WINE.tasks


def renamed(name):
    return (*WINE.features[:-1], replace(WINE.features[-1], name=name))


def with_values(*values):
    return {"features": (*WINE.features, replace(WINE.features[-1], name="extra", values=values))}


def with_first(**changes):
    return {"features": (replace(WINE.features[0], **changes), *WINE.features[1:])}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"features": renamed("origin")},
            r"^wine: the name 'origin' is a name that the system uses itself; call it 'or",
        ),
        ({"features": renamed("distance")}, r"'distance' is a name that the system uses itself"),
        ({"features": renamed("MedInc")}, r"call it 'med_inc' and keep 'MedInc' as the title"),
        ({"labels": (replace(WINE.labels[0], name="class"),)}, r"'class' is no name .* call it 'class_value'"),
        ({"name": "My wine"}, r"'My wine' is no name .* call it 'my_wine'"),
        ({"tasks": (QUALITY, replace(GRADE, name=QUALITY.name))}, r"two tasks have the same name"),
        ({"tasks": (replace(QUALITY, label="score"),)}, r"score is neither a label nor a categorical .* quality, type"),
        (
            {"tasks": (with_outcome(QUALITY, names=("3", "4")),)},
            r"quality can be 5, .*, which is none of its classes 3, 4",
        ),
        (
            {"features": (*WINE.features[:-1], replace(WINE.features[-1], blank="pink"))},
            "is 'pink'; it can be red, white",
        ),
        ({"features": (*WINE.features[:-1], replace(WINE.features[-1], blank="red"))}, "of its label type would be an"),
        ({"tasks": (with_outcome(TYPE, names=("red",)),)}, r"needs two different classes"),
        ({"tasks": (with_outcome(TYPE, guarded=("rosé",)),)}, r"guards rosé, which is none of its classes red, white"),
        (
            {"tasks": (with_outcome(GRADE, upper_bounds=(6, 4, 9)),)},
            r"upper bounds have to rise, the last one to inf",
        ),
        ({"tasks": (with_outcome(TYPE, decision="costs"),)}, r"costs belong to decision='costs', and that needs costs"),
        ({"tasks": (with_outcome(TYPE, decision="costs", costs=((0, 1),)),)}, r"number an answer, 2 by 2"),
        ({"tasks": (with_outcome(TYPE, decision="costs", costs=((0, -1), (1, 0))),)}, r"numbers from 0"),
        ({"tasks": (with_outcome(TYPE, decision="costs", costs=((0, 1), (1, 1))),)}, r"lowest for the right answer"),
        (
            {"labels": (replace(WINE.labels[0], due_after=timedelta(0)),)},
            r"quality is due after 0:00:00; give a longer time, or none where it comes with the sample",
        ),
        ({"tasks": (replace(TYPE, inputs=()),)}, r"task wine_type: it has no inputs"),
        ({"tasks": (replace(TYPE, name="w" * 55),)}, r"its group w+_predictions has more than 63 signs"),
        ({"name": "wine_quarantine"}, r"its name ends like that of a group"),
        ({"tasks": ()}, r"at least one of each"),
        ({"historical_time": datetime(2009, 10, 7)}, r"its historical time needs tzinfo=UTC"),  # noqa: DTZ001 - so it is
        ({"simulator": replace(WINE.simulator, bandwidth=0.0)}, r"bandwidth of its simulator has to be above 0"),
        (with_first(low=9.0, high=2.0), r"the range of fixed_acidity goes from 9 to 2; the first has to be lower"),
        (with_first(plausible=(9.0, float("nan"))), r"the plausible range of fixed_acidity goes from 9 to nan"),
        (with_first(usual=(5.0, 4.0, 9.0)), r"the usual values of fixed_acidity have to rise from 0 to 40; they are"),
        (
            {"labels": (replace(WINE.labels[0], values=(*WINE.labels[0].values, "10.0")),)},
            r"quality is an integer and can be 10\.0; write whole numbers",
        ),
        ({"tasks": (with_outcome(TYPE, upper_bounds=(1, float("inf"))),)}, r"has upper bounds, and type is no number"),
        (with_values(), r"extra has no values"),
        (with_values("a", "a"), r"extra has a value twice"),
        (with_values("a", " "), r"extra has an empty value; a missing cell is no value"),
        (with_values("a", "It was a dark and stormy night. " * 5), r"that is text, which no model here reads"),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(changes, sentence):
    with pytest.raises(DeclarationError, match=sentence) as error:
        replace(WINE, **changes)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: replace(QUALITY, scorer="f1"), "the scorer of the task wine_quality is 'f1'; it can be macro_f1, q"),
        (lambda: with_outcome(QUALITY, decision="guess"), "can be argmax, weights, cut_points, costs"),
        (lambda: replace(WINE.features[0], kind="number"), "feature fixed_acidity is 'number'; it can be numeric, cat"),
        (
            lambda: replace(WINE.labels[0], kind="float"),
            "the label quality is 'float'; it can be integer, text, numb",
        ),
        (lambda: replace(WINE.simulator, kind="smote"), "the kind of the simulator is 'smote'; it can be rank_boot"),
    ],
)
def test_unknown_kinds_are_refused_with_the_known_ones(make, sentence):
    with pytest.raises(DeclarationError, match=sentence):
        make()


@pytest.fixture(name="folder")
def fixture_folder(tmp_path, monkeypatch):
    """A folder whose modules are data sets too, for one test."""
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "pipelines.datasets.zz_mine", raising=False)
    monkeypatch.setattr(datasets, "_active", ["iris", "wine", "zz_mine"])
    monkeypatch.setenv("DATASETS", ",".join(datasets._active))
    datasets._registry.cache_clear()
    yield tmp_path
    datasets._registry.cache_clear()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("DATASET = 1 / 0", "ZeroDivisionError"),
        ("def", "SyntaxError"),
        (
            """
            from dataclasses import replace
            from pipelines.datasets.wine import DATASET as WINE
            DATASET = replace(WINE, strata=("origin",))
            """,
            "strata can be",
        ),
        (
            """
            from dataclasses import replace
            from pipelines.datasets.iris import DATASET as IRIS
            DATASET = replace(IRIS, name="tulips")
            """,
            "another data set has the name iris_variety",
        ),
    ],
)
def test_a_module_that_cannot_be_used_stops_no_other(folder, content, sentence):
    (folder / "zz_mine.py").write_text(textwrap.dedent(content))
    assert [dataset.name for dataset in datasets.all_datasets()] == ["iris", "wine"]
    assert sentence in str(datasets.broken_datasets()["zz_mine"])
    with pytest.raises(DeclarationError, match="The data set zz_mine cannot be used"):
        dataset_named("zz_mine")


@pytest.fixture(name="broken")
def fixture_broken(folder):
    """The data set `zz_mine`, whose module ends in an error."""
    (folder / "zz_mine.py").write_text("DATASET = 1 / 0")
    return (
        "The data set zz_mine cannot be used. "
        "Its module ends in ZeroDivisionError: division by zero. Correct it, or take it out of the folder."
    )


@pytest.fixture(name="worked")
def fixture_worked(monkeypatch):
    """The steps that a run of the features took, without what is done in them."""
    steps = []
    monkeypatch.setattr(commands.Run, "step", lambda _, title: steps.append(title) or nullcontext())
    monkeypatch.setattr("pipelines.features.daily.run_features", lambda *_, **__: None)
    monkeypatch.setattr("pipelines.cli.summaries.features_summary", lambda *_: "")
    monkeypatch.setattr("pipelines.cli.summaries.mostly_quarantined", lambda _: [])
    return steps


@pytest.mark.parametrize(
    ("names", "expected"),
    [([], ["features iris", "features wine"]), (["zz_mine", "wine"], ["features wine"]), (["zz_mine"], [])],
)
def test_a_verb_goes_on_without_what_cannot_be_used(broken, worked, capsys, names, expected):
    assert main(["features", *names]) == 1
    told = capsys.readouterr().err
    assert broken in told
    assert (worked, "1 of" in told) == (expected, len(names) != 1)


@pytest.mark.usefixtures("broken")
def test_a_verb_that_is_asked_for_another_one_says_nothing(worked, capsys):
    assert main(["features", "wine"]) == 0
    assert worked == ["features wine"]
    assert capsys.readouterr().err == ""


def test_the_tasks_of_the_others_are_predicted(broken, capsys, caplog):
    assert main(["infer"]) == 1
    assert broken in capsys.readouterr().err
    assert "wine_type has no champion yet" in caplog.text
    assert main(["infer", "zz_sex"]) == 2
    assert f"choose from iris_variety, wine_quality, wine_grade, wine_type. {broken}" in capsys.readouterr().err


def test_the_status_lists_the_data_set_that_cannot_be_used(broken, capsys):
    assert main(["backfill", "iris"]) == 0
    assert main(["status"]) == 1
    told = capsys.readouterr()
    assert f"WRONG  {broken}" in told.out
    assert "iris_variety" in told.out
    assert told.err.endswith("error: Without zz_mine, for the reason above.\n")
