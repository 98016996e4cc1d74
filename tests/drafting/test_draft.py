"""A data set of one's own is drafted from its file: what the cells tell is written, the rest is asked or said."""

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.contract import validate
from pipelines.drafting.columns import title_and_unit
from pipelines.drafting.draft import draft
from pipelines.drafting.plan import Wishes
from pipelines.errors import PipelineError, UsageError
from tests.drafted import diabetes_rows, homes_rows
from tests.drafted import drafted as made_by_new

ROWS = 60
RNG = np.random.default_rng(8)
BIRDS = pd.DataFrame({
    "": range(ROWS),
    "Bird ID": RNG.permutation(ROWS) + 100,
    "Bill length (mm)": RNG.normal(40, 5, ROWS).round(1),
    "body_mass_g": [*RNG.integers(2700, 6300, ROWS - 2), None, None],
    "Depth": RNG.normal(0, 1, ROWS).round(3),
    "sex": RNG.choice(["male", "female", None], ROWS),
    "tagged": RNG.choice([True, False], ROWS),
    "clutch": RNG.choice([1.0, 2.0], ROWS),
    "region": RNG.choice([f"Region {number}, in the north" for number in range(12)], ROWS),
    "class": RNG.choice(["a b", "a_b", ">50K"], ROWS),
    "origin": RNG.choice(["Malmö", "Åbo"], ROWS),
    "planet": "Earth",
    "seen": pd.date_range("2025-01-01", periods=ROWS).strftime("%Y-%m-%d"),
    "comment": [f"Bird number {number} looked fine" for number in range(ROWS)],
    "nothing": None,
    "price": [f"${number}.50" for number in range(ROWS)],
    'said """so\\ "twice"': RNG.choice(['"yes"', "it's", 'both "it\'s"'], ROWS),
    "A title that goes on and on and on, until nobody knows any more what the column was about": RNG.normal(5, 1, ROWS),
    "species": RNG.choice(["Adelie", "Gentoo"], ROWS),
})  # fmt: skip


@pytest.fixture
def root(tmp_path):
    (tmp_path / "pipelines" / "datasets").mkdir(parents=True)
    (tmp_path / "pipelines" / "datasets" / "__init__.py").touch()
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "birds.csv"
    BIRDS.to_csv(path, index=False)
    return path


def drafted(root, file, *labels, name="birds", **wishes):
    return draft(name, file, Wishes(labels or ("species",), **wishes), root)


def columns(done):
    return {feature.title: feature for feature in done.dataset.features}


def linted(module, root):
    """How the linter and the formatter end that this project is held to."""
    settings = ["--config", str(Path(__file__).parents[2] / "pyproject.toml")]
    commands = [("check", "--quiet"), ("format", "--check", "--quiet")]
    return [
        subprocess.run([sys.executable, "-m", "ruff", *each, *settings, str(module)], check=False, cwd=root).returncode
        for each in commands
    ]


def values_of(found, title):
    return asdict(found[title])["values"]


def test_numbers_categories_units_and_ranges_follow_from_the_cells(root, file):
    done = drafted(root, file)
    found = columns(done)
    assert (found["Bill length"].name, found["Bill length"].unit) == ("bill_length_mm", "mm")
    assert found["Bill length"].low == 0 < BIRDS["Bill length (mm)"].max() < found["Bill length"].high
    assert found["Depth"].low < -3
    assert (found["Body mass"].unit, found["Body mass"].kind) == ("g", "numeric")
    assert values_of(found, "Sex") == ("female", "male")
    assert values_of(found, "Tagged") == ("False", "True")
    assert values_of(found, "Clutch") == ("1", "2")
    low, middle, high = found["Body mass"].usual
    assert middle == pytest.approx(BIRDS["body_mass_g"].median(), rel=1e-3)
    assert low < middle < high


def test_names_that_no_store_takes_become_names_that_it_does_and_keep_their_title(root, file):
    found = columns(drafted(root, file))
    assert (found["Class"].name, values_of(found, "Class")) == ("class_value", (">50K", "a b", "a_b"))
    assert (found["Origin"].name, values_of(found, "Origin")) == ("origin_value", ("Malmö", "Åbo"))


def test_every_row_of_the_file_keeps_the_contract_that_was_drafted(root, file):
    dataset = drafted(root, file, "class", "clutch").dataset
    checked = validate(dataset, dataset.load([file]).rows, plausible=True)
    assert len(checked.accepted) == ROWS
    assert [label.kind for label in dataset.labels] == ["text", "integer"]
    assert len({column for task in dataset.tasks for column in task.probability_columns}) == 5
    assert [task.name for task in dataset.tasks] == ["birds_class_value", "birds_clutch"]


def test_columns_that_no_task_can_use_are_said_and_kept_out(root, file):
    why = {column.header: column.why for column in drafted(root, file).left_out}
    assert set(why) == {"", "Bird ID", "planet", "seen", "comment", "nothing", "price"}
    assert why["planet"] == "it is always 'Earth'"
    assert why["Bird ID"] == "it numbers the rows"
    assert why["seen"] == "it is a date; its month and weekday become columns by --date seen, with the year first"
    assert why["comment"] == "it names rows: 60 different texts in 60 rows"
    assert why["price"] == (
        "its numbers have signs around or within them, as in '$0.50'; write the numbers alone, or say --category price"
    )
    assert why["nothing"] == "it is empty"


def test_what_is_written_is_what_a_person_could_have_written(root, file):
    done = drafted(root, file)
    assert [path.as_posix() for path in done.files] == [
        "pipelines/datasets/birds.py", "data/birds.md", "data/birds.csv",
    ]  # fmt: skip
    assert (root / "data" / "birds.csv").read_bytes() == file.read_bytes()
    assert "Licence" in (root / "data" / "birds.md").read_text()
    assert "Yours" in (root / done.files[0]).read_text()


def test_parquet_is_read_like_the_same_table_as_csv(root, file, tmp_path):
    parquet = tmp_path / "birds.parquet"
    BIRDS.drop(columns=["", "nothing"]).to_parquet(parquet)
    wanted = drafted(root, file, name="csv_birds").dataset
    found = drafted(root, parquet, name="parquet_birds").dataset
    assert [replaced.title for replaced in found.features] == [feature.title for feature in wanted.features]
    read = [each.load([path]).rows for each, path in ((wanted, file), (found, parquet))]
    typed = [validate(each, rows).accepted for each, rows in zip((wanted, found), read, strict=True)]
    pd.testing.assert_frame_equal(*typed)
    assert (root / "data" / "parquet_birds.parquet").exists()


@pytest.mark.parametrize(
    ("changes", "arguments", "sentence"),
    [
        ({}, {"labels": ("colour",)}, r"no column 'colour' in birds.csv; it has .*Bill length"),
        (
            {"Depth": ["deep", *BIRDS["Depth"][1:]]},
            {"labels": ("Depth",)},
            "a number in 59 of 60 rows, and 'deep' in o",
        ),
        ({"Depth": 5.5}, {"labels": ("Depth",)}, "label Depth cannot be predicted: it is always '5.5'"),
        ({}, {"labels": ("planet",)}, "label planet cannot be predicted: it is always 'Earth'"),
        ({}, {"labels": ("species",), "numbers": ("sex",), "categories": ("sex",)}, "two things of the column sex"),
        ({}, {"labels": ("species",), "left_out": ("species",)}, "two things of the column species"),
        (
            {},
            {"labels": ("species",), "blanks": {"Depth": "0"}},
            "blank cell of Depth cannot be said to be '0': that is",
        ),
        (
            {},
            {"labels": ("species",), "dates": ("sex",)},
            r"column sex has '(fe)?male', which is no date with the year",
        ),
        (
            {"seen_month": BIRDS["Depth"]},
            {"labels": ("species",), "dates": ("seen",)},
            "There is a column seen_month beside the date seen",
        ),
        ({"weight": ["12", "n/k", *["13"] * 58]}, {"labels": ("species",)}, "--number weight .*--category weight"),
        # Twenty different numbers in two thirds of the rows, and a word in the others.
        (
            {"weight": [*range(20), *range(20), *["n/k"] * 20]},
            {"labels": ("species",)},
            "40 of 60 rows, and 'n/k' in others",
        ),
        ({"Depth": [1e300, *BIRDS["Depth"][1:]]}, {"labels": ("species",)}, r"Depth has the number 1e\+300, too large"),
        (
            {"visits": 30 + RNG.integers(0, 20, ROWS)},
            {"labels": ("visits",)},
            "Say what they are: --number visits .*--ca",
        ),
        ({}, {"labels": ("Bird ID",)}, "label Bird ID cannot be predicted: it numbers the rows; say --number"),
        ({"place": RNG.permutation(ROWS)}, {"labels": ("place",)}, "it numbers the rows; say --number place where"),
        ({}, {"labels": ("seen",)}, "label seen cannot be predicted: it is a date; say --category seen"),
        ({}, {"labels": ("price",)}, r"label price cannot be predicted: its numbers have signs .* '\$0\.50'"),
        ({}, {"labels": ("comment",)}, "60 rows with comment, and 0 classes of 5 rows or more"),
        ({"Depth ": BIRDS["Depth"] + 1}, {"labels": ("species",)}, "columns Depth and Depth, whose names read alike"),
        ({"SPECIES": "x"}, {"labels": ("species",)}, "columns species and SPECIES, whose names read alike, and they d"),
        ({"species": ["x"] * 58 + ["y"] * 2}, {"labels": ("species",)}, "1 classes of 5 rows or more; it takes 20"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_written(root, file, changes, arguments, sentence):
    BIRDS.assign(**changes).to_csv(file, index=False)
    with pytest.raises(UsageError, match=sentence) as caught:
        draft("birds", file, Wishes(**arguments), root)
    assert "\n" not in str(caught.value)
    assert not [path for path in root.rglob("*birds*") if path != file]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("My-Birds", "call it 'my_birds'"),
        ("origin", "a name that the system uses itself"),
        ("iris", "a data set or a task iris already"),
        ("wine_grade", "a data set or a task wine_grade already"),
        ("spec", "a module pipelines/datasets/spec.py already"),
    ],
)
def test_a_name_that_cannot_be_is_refused(root, file, name, sentence):
    (root / "pipelines" / "datasets" / "spec.py").touch()
    with pytest.raises(PipelineError, match=sentence):
        drafted(root, file, name=name)


def test_a_category_of_many_values_is_one_where_the_person_says_so(root, file):
    shops = [f"shop {number}" for number in range(400)] * 3
    pd.DataFrame({"shop": shops, "paid": RNG.normal(9, 2, 1200), "fraud": [*"yn"] * 600}).to_csv(file, index=False)
    told = drafted(root, file, "fraud")
    assert told.left_out[0].why == "it has 400 different texts, more than 300; say --category where they are one"
    said = drafted(root, file, "fraud", name="said", categories=("shop",)).dataset
    assert len(asdict(said.feature("shop"))["values"]) == 400


def test_a_label_that_is_measured_becomes_a_number_with_its_unit_range_and_digits(root, file):
    BIRDS.assign(price_usd=RNG.normal(250, 40, ROWS).round(4)).to_csv(file, index=False)
    done = drafted(root, file, "price_usd", "species")
    price, species = done.dataset.tasks
    assert (price.name, price.outcome.kind, species.outcome.kind) == ("birds_price_usd", "number", "classes")
    assert (price.outcome.unit, price.outcome.low, price.outcome.decimals) == ("USD", 0, 1)
    assert price.outcome.high > 350
    assert [label.kind for label in done.dataset.labels] == ["number", "text"]
    checked = validate(done.dataset, done.dataset.load([file]).rows)
    assert checked.accepted["price_usd"].dtype == "float64"
    assert len(checked.accepted) == ROWS
    text = (root / done.files[0]).read_text()
    assert "import Classes, Number" in text
    assert "PRICE_USD_VALUES" not in text
    assert linted(root / done.files[0], root) == [0, 0]


def test_the_drafts_of_the_tests_are_numbers(root):
    for rows, label in ((diabetes_rows(), "progression"), (homes_rows(), "median_value_usd")):
        dataset = made_by_new(label, rows, label, root)
        assert dataset.tasks[0].outcome.kind == "number"
        assert dataset.strata == (label,)
        assert label in dataset.simulator.strata
        assert len(validate(dataset, dataset.load([]).rows).rejected) == 0


def test_whole_numbers_are_classes_up_to_a_hundred_and_what_the_person_says_counts(root, file):
    BIRDS.assign(score=RNG.integers(3, 6, ROWS)).to_csv(file, index=False)
    assert drafted(root, file, "score").dataset.tasks[0].classes == ("3", "4", "5")
    said = drafted(root, file, "score", name="said", numbers=("score",)).dataset
    assert said.tasks[0].outcome.kind == "number"
    assert said.tasks[0].outcome.decimals == 0


def test_rows_whose_label_is_text_in_a_number_go_to_quarantine_where_the_person_says_that_it_is_one(root, file):
    BIRDS.assign(Depth=["deep", "inf", *BIRDS["Depth"][2:]]).to_csv(file, index=False)
    done = drafted(root, file, "Depth", numbers=("Depth",))
    checked = validate(done.dataset, done.dataset.load([file]).rows)
    assert [reason.split(" (")[0] for reason in checked.rejected["reasons"]] == [
        "depth: 'deep' is not a number", "depth: 'inf' is infinite",
    ]  # fmt: skip
    assert "Quarantined: 2 rows of the file" in done.doubts[0]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["3 Nov 2025", "November 4, 2025"], "it is a date"),
        (["20251103", "20260214"], "it is a date"),
        (["2025-11", "2025-12"], "it is a date"),
        (["Nov-2025", "Dec-2025"], "it is a date"),
        (["1,234,567.5", "9,876"], "signs around or within them, as in '1,234,567.5'"),
        (["1.234.567", "9.876,5"], "signs around or within them, as in '1.234.567'"),
        (["\u22125", "\u22127.5"], "signs around or within them, as in '\u22125'"),
        (["(5)", "(7.5)"], "signs around or within them, as in '(5)'"),
        (["75 kg", "81.5kg"], "signs around or within them, as in '75 kg'"),
        (["yes", None], r"it is always 'yes' where it is not empty (--blank odd=VALUE makes a value of that)"),
    ],
)
def test_cells_that_only_look_like_numbers_or_categories_are_left_out_with_a_reason(root, file, cells, why):
    BIRDS.assign(odd=cells * (ROWS // 2)).to_csv(file, index=False)
    done = drafted(root, file)
    assert why in next(column.why for column in done.left_out if column.header == "odd")
    assert "odd" not in {feature.name for feature in done.dataset.features}


def test_seconds_since_1970_are_a_date_below_a_name_that_says_so(root, file):
    BIRDS.assign(seen_at=RNG.integers(1_700_000_000, 1_710_000_000, ROWS)).to_csv(file, index=False)
    assert "it is a date" in next(each.why for each in drafted(root, file).left_out if each.header == "seen_at")


def test_whose_a_row_is_is_left_out_unless_the_person_says_that_it_tells_something(root, file):
    owner = RNG.integers(0, 30, ROWS)
    BIRDS.assign(owner_id=owner, ring_key=[f"R{each}" for each in owner], farm_id=owner % 3).to_csv(file, index=False)
    done = drafted(root, file)
    assert {"owner_id", "ring_key"} <= {each.header for each in done.left_out if "whose a row is" in each.why}
    assert "farm_id" in {feature.name for feature in done.dataset.features}
    said = drafted(root, file, name="said", categories=("owner_id",)).dataset
    assert asdict(said.feature("owner_id"))["kind"] == "categorical"


def test_codes_with_leading_zeros_are_kept_as_they_are_written(root, file):
    BIRDS.assign(zip=RNG.choice(["01234", "1234", "99501"], ROWS)).to_csv(file, index=False)
    dataset = drafted(root, file).dataset
    assert asdict(dataset.feature("zip"))["values"] == ("01234", "1234", "99501")
    assert len(validate(dataset, dataset.load([file]).rows).rejected) == 0


def test_a_value_for_blank_cells_makes_a_category_of_a_column_of_one(root, file):
    BIRDS.assign(pool=RNG.choice(["yes", None], ROWS)).to_csv(file, index=False)
    assert asdict(drafted(root, file, blanks={"pool": "none"}).dataset.feature("pool"))["values"] == ("yes", "none")


def test_columns_of_one_name_that_agree_are_one(root, file):
    BIRDS.assign(SPECIES=BIRDS["species"], Depth_=BIRDS["Depth"]).to_csv(file, index=False)
    done = drafted(root, file, "SPECIES")
    assert done.dataset.labels[0].name == "species"
    assert {each.header for each in done.left_out if each.why == "it is there twice"} == {"SPECIES", "Depth_"}


def test_names_too_long_for_a_store_are_kept_apart(root, file):
    long = "how " * 20
    BIRDS.assign(**{f"{long}{end}": RNG.normal(0, 1, ROWS) for end in ("much", "many")}).to_csv(file, index=False)
    names = [each.name for each in drafted(root, file).dataset.features if each.name.startswith("how_how")]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 63


@pytest.mark.parametrize(
    ("classes", "decision"),
    [
        (["a"] * 30 + ["b"] * 25 + ["c"] * 5, "weights"),
        (["a"] * 52 + ["b"] * 8, "weights"),
        ([*"abcdefghij"] * 6, "argmax"),  # a tenth each is what ten classes have
        ([*"abcdefghijk"] * 5 + ["a"] * 5, "argmax"),
    ],
)
def test_weights_are_drafted_where_one_of_a_few_classes_is_rare(root, file, classes, decision):
    BIRDS.assign(species=classes).to_csv(file, index=False)
    assert drafted(root, file).dataset.tasks[0].choice.decision == decision


def test_long_labels_have_tasks_whose_groups_a_store_takes(root, file):
    long = "what the customers did in the end about the offer of the month of "
    labels = {f"{long}{month}": RNG.choice([*"xy"], ROWS) for month in ("May", "June")}
    BIRDS.assign(**labels).to_csv(file, index=False)
    done = drafted(root, file, *labels)
    names = [task.name for task in done.dataset.tasks]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 51
    assert linted(root / done.files[0], root) == [0, 0]


def test_a_few_rows_are_too_few(root, file):
    BIRDS.head(12).to_csv(file, index=False)
    with pytest.raises(UsageError, match="12 rows with species"):
        drafted(root, file)


def test_rows_too_much_alike_to_share_out_are_refused_before_anything_is_written(root, file):
    pd.DataFrame({"width": [1.5, 2.5] * 30, "depth": [3.5, 4.5] * 30, "kind": ["a", "b"] * 30}).to_csv(
        file, index=False
    )
    with pytest.raises(UsageError, match="60 rows that can be used, too few that differ to train"):
        drafted(root, file, "kind")


def test_a_few_rows_of_two_columns_go_on_to_train_and_to_test(root, file):
    rng = np.random.default_rng(0)
    for rows in (25, 30, 40):
        few = {"a": rng.normal(5, 1, rows).round(2), "b": rng.choice([*"xyz"], rows), "kind": rng.choice([*"pq"], rows)}
        pd.DataFrame(few).to_csv(file, index=False)
        assert drafted(root, file, "kind", name=f"few_{rows}").dataset.tasks


def test_other_data_of_the_same_name_are_not_overwritten(root, file):
    (root / "data" / "birds.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"another file data/birds\.csv already"):
        drafted(root, file)
    assert (root / "data" / "birds.csv").read_text() == "mine"


def test_a_disk_that_refuses_leaves_nothing_behind(root, file, monkeypatch):
    real = Path.replace

    def refuse(self, target):
        if Path(target).suffix == ".py":
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        drafted(root, file)
    assert not [path for path in root.rglob("*birds*") if path != file]


def test_what_was_guessed_and_may_be_wrong_is_said(root, file):
    BIRDS.assign(stage=RNG.choice([1, 2, 3], ROWS), species=[None, *BIRDS["species"][1:]]).to_csv(file, index=False)
    doubts = " ".join(drafted(root, file).doubts)
    assert "Taken as amounts: stage." in doubts
    assert "1 row without species" in doubts
    BIRDS.assign(
        stage=RNG.choice([1, 2, 3], ROWS),
        Depth=[-999, -999, *BIRDS["Depth"][2:]],
        tagged=["?", "N/A", "YES", *RNG.choice(["yes", "no"], ROWS - 3)],
        kind=BIRDS["species"].str[:1],
    ).to_csv(file, index=False)
    doubts = " ".join(drafted(root, file, "stage", "species", name="more").doubts)
    assert "Taken as classes: the 3 whole numbers of stage." in doubts
    assert "Far from all others in Depth: -999 (2 rows)." in doubts
    assert "Taken as empty in tagged: ? (1 row), N/A (1 row)." in doubts
    assert "Kept apart in tagged: YES, yes." in doubts
    assert "kind tells species in every row." in doubts
    assert "kind tells stage" not in doubts
    assert values_of(columns(drafted(root, file, name="staged", categories=("stage",))), "Stage") == ("1", "2", "3")


def test_a_date_becomes_its_month_and_weekday_where_the_person_says_so(root, file):
    dataset = drafted(root, file, dates=("seen",)).dataset
    found = {feature.name: feature for feature in dataset.features}
    assert (found["seen_month"].low, found["seen_month"].high) == (1, 12)
    assert found["seen_weekday"].description == "The weekday of the column seen, 0 for Monday."
    read = validate(dataset, dataset.load([file]).rows).accepted
    days = pd.to_datetime(BIRDS["seen"])
    assert read["seen_month"].tolist() == days.dt.month.tolist()
    assert read["seen_weekday"].tolist() == days.dt.dayofweek.tolist()
    BIRDS.assign(seen=["soon", *BIRDS["seen"][1:]]).to_csv(file, index=False)
    broken = validate(dataset, dataset.load([file]).rows)
    assert broken.rejected["reasons"].iloc[0].split("; ") == [
        f"seen_{part}: 'soon' is not a number (allowed: from {low} to {high})"
        for part, low, high in (("month", 1, 12), ("weekday", 0, 6))
    ]


def test_blank_cells_of_a_category_are_a_value_where_the_person_says_so(root, file):
    dataset = drafted(root, file, blanks={"sex": "unknown"}).dataset
    sex = dataset.feature("sex")
    assert (asdict(sex)["values"], sex.blank) == (("female", "male", "unknown"), "unknown")
    read = validate(dataset, dataset.load([file]).rows).accepted["sex"]
    assert read.tolist() == BIRDS["sex"].fillna("unknown").tolist()
    filled = drafted(root, file, name="filled", blanks={"sex": "male"}).dataset
    assert asdict(filled.feature("sex"))["values"] == ("female", "male")
    assert "Yours: blank=..." in (root / drafted(root, file, name="open").files[0]).read_text()


@pytest.mark.parametrize("form", [{}, {"dates": ("seen",), "blanks": {"sex": "unknown"}}])
def test_the_module_is_written_as_the_formatter_would(root, file, form):
    module = root / drafted(root, file, **form).files[0]
    assert linted(module, root) == [0, 0]


def test_a_number_with_slips_is_one_where_the_person_says_so(root, file):
    BIRDS.assign(weight=["12", "n/k", *["13"] * 58]).to_csv(file, index=False)
    done = drafted(root, file, numbers=("weight",))
    assert columns(done)["Weight"].kind == "numeric"
    assert "Quarantined: 1 row of the file, where weight is not a number" in done.doubts[0]


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("bill_length_mm", ("Bill length", "mm")),
        ("Alcohol (% vol)", ("Alcohol", "% vol")),
        ("MedInc", ("Med Inc", "")),
        ("mean radius", ("Mean radius", "")),
        ("mm", ("Mm", "")),
        ("Price in EUR", ("Price", "EUR")),
        ("Length, cm", ("Length", "cm")),
    ],
)
def test_a_header_is_read_as_a_title_and_a_unit(header, read):
    assert title_and_unit(header) == read
