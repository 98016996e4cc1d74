"""Reading the files that people have, and refusing the others with one sentence."""

import os
from pathlib import Path

import pandas as pd
import pytest

from pipelines.datasets import dataset_named
from pipelines.datasets.contract import validate
from pipelines.datasets.sources import from_frame, read_files
from pipelines.errors import SourceError

IRIS = dataset_named("iris")
WINE = dataset_named("wine")
WITH_GAPS = Path(__file__).parent / "data" / "wine_with_gaps.csv"
COLUMNS = ("width", "kind")


def read(tmp_path, content, name="some.csv", columns=COLUMNS, **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_files([path], columns, **options)


def own_wines():
    return WINE.load([]).rows


def test_the_own_wines_are_those_of_the_readme():
    readme = (Path(__file__).parents[2] / "data" / "README.md").read_text()
    source = WINE.load([])
    assert source.sha256 in readme
    assert len(source.rows) == 6497
    assert source.rows["type"].value_counts().to_dict() == {"white": 4898, "red": 1599}


def test_the_kaggle_form():
    rows = WINE.load([WITH_GAPS]).rows
    assert list(rows.columns) == list(own_wines().columns)
    assert len(rows) == 400
    assert rows[WINE.numeric].isna().to_numpy().sum() == 38
    assert len(validate(WINE, rows).accepted) == 400


def test_the_uci_pair(tmp_path):
    whole = own_wines().rename(columns=lambda name: name.replace("_", " "))
    paths = [tmp_path / f"winequality-{kind}.csv" for kind in ("red", "white")]
    for path in paths:
        part = whole[whole["type"] == path.stem.split("-")[1]].drop(columns="type")
        part.to_csv(path, sep=";", index=False, quoting=1)
    source = WINE.load(paths)
    assert source.name == "winequality-red.csv, winequality-white.csv"
    assert source.rows.equals(own_wines())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("winequality-red.csv", "red"),
        ("white_wines.csv", "white"),
        ("My Red.2.csv", "red"),
        ("WINE-WHITE.txt", "white"),
    ],
)
def test_a_whole_word_of_the_file_name_tells_the_type(tmp_path, name, kind):
    path = tmp_path / name
    own_wines().head(20).drop(columns="type").to_csv(path, index=False)
    assert set(WINE.load([path]).rows["type"]) == {kind}


@pytest.mark.parametrize("name", ["wine_clustered.csv", "predicted.csv", "red_and_white.csv", "whitewash.csv"])
def test_a_part_of_a_word_tells_nothing(tmp_path, name):
    path = tmp_path / name
    own_wines().drop(columns="type").to_csv(path, index=False)
    with pytest.raises(SourceError, match="its name does not tell it"):
        WINE.load([path])


@pytest.mark.parametrize("rival", ["is_red", "style", "Wine Type", "white"])
def test_nothing_is_guessed_from_the_name_beside_a_column_that_may_know(tmp_path, rival):
    path = tmp_path / "winequality-red.csv"
    own_wines().rename(columns={"type": rival}).to_csv(path, index=False)
    with pytest.raises(SourceError, match=r"has no column type, but .*, which may tell it"):
        WINE.load([path])


def test_the_kind_of_a_file_must_be_told_by_its_name_or_a_column(tmp_path):
    path = tmp_path / "wines.csv"
    own_wines().drop(columns="type").to_csv(path, index=False)
    with pytest.raises(SourceError, match=r"has no column type, and its name does not tell it.*red, white"):
        WINE.load([path])


def test_upper_case_wine_types_and_the_name_color_will_do(tmp_path):
    path = tmp_path / "wines.csv"
    rows = own_wines()
    rows.assign(color=rows["type"].str.upper()).drop(columns="type").to_csv(path, index=False)
    assert WINE.load([path]).rows["type"].equals(rows["type"])


@pytest.mark.parametrize(
    "names",
    [
        ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)", "species"],
        ["SepalLengthCm", "SepalWidthCm", "PetalLengthCm", "PetalWidthCm", "Species"],
        ["sepal.length", "sepal.width", "petal.length", "petal.width", "variety"],
        ["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width", "Species"],
        ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"],
        ["sepal length", "sepal width", "petal length", "petal width", "class"],
    ],
)
def test_the_usual_names_of_the_iris_columns(tmp_path, names):
    path = tmp_path / "flowers.csv"
    own = IRIS.load([]).rows
    own.set_axis(names, axis=1).assign(Id=range(150)).iloc[:, ::-1].to_csv(path, index=False)
    assert IRIS.load([path]).rows.equals(own)


@pytest.mark.parametrize("genus", ["Iris-", "Iris ", "iris_"])
def test_long_variety_names(tmp_path, genus):
    path = tmp_path / "flowers.csv"
    own = IRIS.load([]).rows
    own.assign(variety=genus + own["variety"]).to_csv(path, index=False)
    assert IRIS.load([path]).rows.equals(own)


def test_a_flower_without_a_variety_is_read(tmp_path):
    path = tmp_path / "flowers.csv"
    IRIS.load([]).rows.assign(variety=None).to_csv(path, index=False)
    assert IRIS.load([path]).rows["variety"].isna().all()


def test_cells_stay_text_and_blanks_are_nothing(tmp_path):
    rows = read(tmp_path, 'width,kind\n1.50,a\n,"b, c"\nNA, d \n?,null\n-inf,é\n').rows
    assert rows["width"].tolist() == ["1.50", None, None, None, "-inf"]
    assert rows["kind"].tolist() == ["a", "b, c", "d", None, "é"]


def test_the_names_that_r_makes_of_the_wines(tmp_path):
    path = tmp_path / "winequality-red.csv"
    own = own_wines().head(30)
    own.drop(columns="type").rename(columns=lambda name: name.replace("_", ".")).to_csv(path, index=False)
    assert WINE.load([path]).rows.equals(own)


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\nwidth;kind\n1.5;a\n2.25;b\n",
        '"sep=;"\r\nwidth;kind\r\n1.5;a\r\n2.25;b\r\n',
        "sep=|\nwidth|kind\n1.5|a\n2.25|b\n",
        "width\tkind\n1.5\ta\n2.25\tb\n",
        "width\tkind\n1,5\ta\n2,25\tb\n",
        "width;kind\n1,5;a\n2,25;b\n",
        'width,kind\n"1,5",a\n"2,25",b\n',
        '"width","kind"\n"1",1.5,"a"\n"2",2.25,"b"\n',
        '"width" "kind"\n'.replace(" ", "\t") + '"oak"\t1.5\t"a"\n"elm"\t2.25\t"b"\n',
        ",width,kind\n0,1.5,a\n1,2.25,b\n",
        "Width,width,KIND\n1.5,1.5,a\n2.25,2.25,b\n",
    ],
)
def test_the_forms_that_the_usual_programs_write(tmp_path, content):
    assert read(tmp_path, content).rows.to_dict("list") == {"width": ["1.5", "2.25"], "kind": ["a", "b"]}


@pytest.mark.parametrize(
    "content",
    [
        'width,kind\n"1,234",a\n"2,500",b\n',
        'width,kind\n"1,5",a\n2.5,b\n',
    ],
    ids=["thousands", "commas beside points"],
)
def test_a_comma_that_may_mean_something_else_stays(tmp_path, content):
    assert "," in read(tmp_path, content).rows["width"][0]


def test_row_names_without_quotes_and_a_name_are_asked_for_in_the_header(tmp_path):
    with pytest.raises(SourceError, match=r"a row of 3 cells under a header of 2.*one for row names too"):
        read(tmp_path, "width,kind\n1,1.5,a\n2,2.25,b\n")


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    rows = read(tmp_path, "\ufeffwidth;kind\r\n1;a\r\n").rows
    assert rows.to_dict("list") == {"width": ["1"], "kind": ["a"]}


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/dev/zero"), os.mkfifo], ids=["device", "pipe"])
def test_what_may_have_no_end_is_not_read(tmp_path, make):
    make(tmp_path / "endless.csv")
    with pytest.raises(SourceError, match=r"endless.csv is a device or a pipe. Save what it gives as a file"):
        read_files([tmp_path / "endless.csv"], COLUMNS)


def test_lines_and_cells_that_a_spreadsheet_leaves_empty_do_not_matter(tmp_path):
    rows = read(tmp_path, "width,kind,,\n1,a,,\n2\n,,,\n").rows
    assert rows.to_dict("list") == {"width": ["1", "2"], "kind": ["a", None]}


def test_blank_lines_before_the_header_do_not_matter(tmp_path):
    assert read(tmp_path, "\n\nwidth,kind\n1,a\n").rows.to_dict("list") == {"width": ["1"], "kind": ["a"]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "some.csv is empty"),
        (" \n\n", "some.csv is empty"),
        ("width,kind\n", "has a header but no rows"),
        (
            "width\n1\n",
            "has no column kind; it needs width, kind, with commas, .* or tabs between cells. Its header reads: width",
        ),
        ("width|kind\n1|a\n", r"has no column width, kind; .* Its header reads: width\|kind"),
        ("width,width,kind\n1,2,a\n", "has more than one column width"),
        ("width,Width,kind\n1,2,a\n", "has more than one column width"),
        ("width,kind\n1,a\n2,b,c,d\n", "has a row of 4 cells under a header of 2; it begins with 2, b, c, d"),
        ("width,kind\n1,5,a\n2,5,b\n", "has a row of 3 cells under a header of 2"),
        (b"\xef\xbb\xbf", "some.csv is empty"),
        (",,,\n", "some.csv is empty"),
        ('width,kind\n"1,a\n', "is not a CSV file"),
        (b"width,kind\n1,\xff\xfe\n", "is not UTF-8 text"),
        (b"PK\x03\x04\x00\x00", "is no text: it has null signs"),
        ("width,kind\n1,a\0b\n", "is no text: it has null signs"),
    ],
)
def test_what_is_no_such_file_is_refused_with_a_sentence(tmp_path, content, sentence):
    with pytest.raises(SourceError, match=sentence) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["nowhere.csv", ""])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(SourceError, match="Cannot read the source"):
        read_files([tmp_path / name], COLUMNS)


def test_the_identity_of_a_source_is_its_content(tmp_path):
    first = read(tmp_path, "width,kind\n1,a\n")
    assert read(tmp_path, "width,kind\n1,a\n", name="copy.csv").sha256 == first.sha256
    assert read(tmp_path, "width,kind\n1,b\n").sha256 != first.sha256


def test_a_frame_is_a_source_too():
    source = from_frame(pd.DataFrame({"width": [0.1 + 0.2, None], "kind": ["a", "b"]}), "made")
    assert source.rows["width"].tolist() == ["0.30000000000000004", None]
    assert source.sha256 == from_frame(pd.DataFrame({"width": [0.1 + 0.2, None], "kind": ["a", "b"]}), "x").sha256
