import gradio as gr
import pandas as pd
import pytest

from pipelines import models
from pipelines.errors import SourceError
from spaces.predict import file_tab
from spaces.predict.answer import answer
from spaces.predict.batch import example, harmless, predict_file
from spaces.predict.door import MOST_BYTES, MOST_COLUMNS, MOST_ROWS

HEADER = "sepal_length,sepal_width,petal_length,petal_width"


@pytest.fixture(name="predict")
def fixture_predict(predictors, tmp_path):
    predictor = predictors["iris_variety"]

    def predict(content):
        path = tmp_path / "upload.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return predict_file(predictor, path)

    return predict


def test_a_file_comes_back_with_predictions_and_its_own_columns_in_their_order(predict, predictors):
    batch = predict(f"name,{HEADER},note\na,5.0,3.4,1.5,0.2,x\nb,6.7,3.1,5.6,2.4,y\n")
    assert list(batch.predicted.columns) == [
        "row", "prediction", "probability_setosa", "probability_versicolor", "probability_virginica",
        "name", "sepal_length", "sepal_width", "petal_length", "petal_width", "note",
    ]  # fmt: skip
    assert batch.predicted["prediction"].tolist() == ["setosa", "virginica"]
    assert batch.predicted["name"].tolist() == ["a", "b"]
    rows = pd.DataFrame([[5.0, 3.4, 1.5, 0.2], [6.7, 3.1, 5.6, 2.4]], columns=HEADER.split(","))
    expected = models.predict(predictors["iris_variety"].model, rows)
    assert batch.predicted["probability_setosa"].tolist() == expected["probability_setosa"].round(4).tolist()
    assert batch.summary == "2 of 2 rows predicted, 0 rejected."


def test_bad_rows_come_back_with_their_number_and_every_reason(predict):
    batch = predict(f"{HEADER}\n5.0,3.4,1.5,0.2\nlong,-3,1.5,0.2\n5.1,3.3,1.4,0.3\n")
    assert batch.predicted["row"].tolist() == [1, 3]
    assert batch.rejected["row"].tolist() == [2]
    reasons = batch.rejected["reasons"].iloc[0]
    assert "sepal_length" in reasons
    assert "sepal_width" in reasons
    assert batch.rejected["sepal_length"].iloc[0] == "long"
    assert batch.summary == "2 of 3 rows predicted, 1 rejected."


def test_the_name_of_a_file_is_no_markup_in_the_message_about_it(predictors, tmp_path):
    path = tmp_path / "<img src=x>.csv"
    path.write_text("<script>,b\n1,2\n")
    with pytest.raises(gr.Error) as caught:
        file_tab._results(predictors["iris_variety"], path, tmp_path)
    assert "(img src=x).csv" in caught.value.message
    assert "<" not in caught.value.message


def test_gaps_are_predicted_and_other_separators_and_headers_are_read(predict):
    batch = predict("\ufeffSepal Length;Sepal Width;Petal Length;Petal Width\n5.0;;1.5;0.2\n")
    assert batch.predicted["prediction"].tolist() == ["setosa"]


def test_a_row_with_gaps_has_the_probabilities_that_the_page_shows(predict, predictors):
    batch = predict(f"{HEADER}\n,2.9,,\n")
    shown = answer(predictors["iris_variety"], {"sepal_width": 2.9})["probabilities"]
    found = batch.predicted.iloc[0]
    assert [found[f"probability_{label}"] for label in shown] == pytest.approx(list(shown.values()), abs=1e-4)


def test_a_file_in_which_every_row_is_bad_is_no_error(predict):
    batch = predict(f"{HEADER}\n-1,-1,-1,-1\n")
    assert len(batch.predicted) == 0
    assert len(batch.rejected) == 1


def test_a_result_can_be_predicted_again(predict):
    first = predict(f"{HEADER}\n5.0,3.4,1.5,0.2\n").predicted
    again = predict(first.to_csv(index=False)).predicted
    assert list(again.columns) == list(first.columns)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        (f"{HEADER}\n", "no rows"),
        ("a,b\n1,2\n", "no column sepal_length"),
        (b"\xff\xfe\x00", "UTF-8"),
        (f"{HEADER},sepal_length\n1,2,3,4,5\n", "more than one column"),
        (f"{HEADER}\n" + "5.0,3.4,1.5,0.2\n" * (MOST_ROWS + 1), f"{MOST_ROWS + 1} rows; at most {MOST_ROWS}"),
        (f"{HEADER},{','.join(map(str, range(8000)))}\n5.0,3.4,1.5,0.2\n", f"8004 columns; at most {MOST_COLUMNS}"),
        (f"{HEADER}\n" + " " * MOST_BYTES, "bytes; at most 5,000,000"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(predict, content, words):
    with pytest.raises(SourceError, match=words):
        predict(content)


def test_a_file_of_kaggle_s_form_is_read_as_a_backfill_reads_it(predict):
    batch = predict("Id,SepalLengthCm,SepalWidthCm,PetalLengthCm,PetalWidthCm,Species\n1,5.0,3.4,1.5,0.2,Iris-setosa\n")
    assert batch.predicted["prediction"].tolist() == ["setosa"]
    assert batch.predicted["id"].tolist() == ["1"]
    assert batch.predicted["variety"].tolist() == ["setosa"]


def test_the_name_of_a_file_tells_the_type_of_its_wines(predictors, tmp_path):
    desk = predictors["wine_quality"]
    path = tmp_path / "winequality-red_mine.csv"
    rows = desk.task.dataset.load([]).rows.head(5)
    rows.drop(columns="type").rename(columns=lambda name: name.replace("_", ".")).to_csv(path, index=False, sep=";")
    batch = predict_file(desk, path)
    assert batch.summary.startswith("5 of 5 rows predicted, 0 rejected. Of 5 rows with quality")
    assert set(batch.predicted["type"]) == {"red"}


def test_a_file_with_the_label_is_scored_row_by_row_and_in_the_summary(predict):
    batch = predict(f"{HEADER},variety\n5.0,3.4,1.5,0.2,setosa\n5.0,3.4,1.5,0.2,virginica\n5.0,3.4,1.5,0.2,\n")
    assert batch.predicted["right"].iloc[:2].tolist() == ["yes", "no"]
    assert pd.isna(batch.predicted["right"].iloc[2])
    assert "Of 2 rows with variety 1 are right (50.0%); always saying" in batch.summary


def test_a_file_without_the_label_has_no_score(predict):
    batch = predict(f"{HEADER}\n5.0,3.4,1.5,0.2\n")
    assert "right" not in batch.predicted
    assert batch.summary == "1 of 1 rows predicted, 0 rejected."


def test_a_label_that_is_a_range_of_a_number_is_scored(predictors, tmp_path):
    predictor = predictors["wine_grade"]
    example(predictor, 10).to_csv(tmp_path / "wines.csv", index=False)
    found = predict_file(predictor, tmp_path / "wines.csv")
    truth = predictor.task.labels(example(predictor, 10))
    expected = ["yes" if a == b else "no" for a, b in zip(found.predicted["prediction"], truth, strict=True)]
    assert found.predicted["right"].tolist() == expected


def test_probabilities_have_four_digits(predict):
    chances = predict(f"{HEADER}\n5.9,3.0,4.9,1.7\n").predicted.filter(like="probability_").iloc[0]
    assert all(chance == round(chance, 4) for chance in chances)


def test_a_label_in_the_file_is_carried_along_however_wrong(predict):
    batch = predict(f"{HEADER},variety\n5.0,3.4,1.5,0.2,tulip\n")
    assert batch.predicted["variety"].tolist() == ["tulip"]


def test_a_file_that_is_too_large_is_never_parsed(predict, monkeypatch):
    monkeypatch.setattr("spaces.predict.batch.read_table", lambda *_, **__: pytest.fail("it was parsed"))
    for content in (f"{HEADER}\n" + "1,2,3,4\n" * (MOST_ROWS + 1), ";".join(map(str, range(8000))), " " * 6_000_000):
        with pytest.raises(SourceError, match="Split it"):
            predict(content)


@pytest.mark.parametrize(
    "content",
    [
        "sep=|\n" + "|".join(map(str, range(8000))) + "\n1\n",
        'sep=|\na|b\nx,"\n' + "1\n" * (MOST_ROWS + 1),
        'a\tb\nx,"\n' + "1\n" * (MOST_ROWS + 1),
        'a\tb\n1\t2,"' + "1\n" * 100_000,
    ],
)
def test_the_size_is_that_of_the_table_that_the_reader_would_make(predict, monkeypatch, content):
    monkeypatch.setattr("spaces.predict.batch.read_table", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(SourceError, match="Split it"):
        predict(content)


def test_some_kilobytes_of_parquet_are_not_unfolded(predict, tmp_path):
    pd.DataFrame({name: [1.5] * 1_000_000 for name in HEADER.split(",")}).to_parquet(tmp_path / "rows")
    with pytest.raises(SourceError, match="Parquet file"):
        predict((tmp_path / "rows").read_bytes())


def test_blank_lines_before_the_header_are_no_columns(predict):
    content = "\n" * 30 + f"{HEADER}\n" + "5.0,3.4,1.5,0.2\n" * 100
    assert predict(content).summary == "100 of 100 rows predicted, 0 rejected."


def test_lines_within_a_cell_are_no_rows(predict):
    note = '"' + "x\n" * (MOST_ROWS + 1) + '"'
    assert predict(f"{HEADER},note\n5.0,3.4,1.5,0.2,{note}\n").summary == "1 of 1 rows predicted, 0 rejected."


def test_what_a_spreadsheet_would_run_comes_back_as_text(predict):
    header = f"{HEADER},note"
    notes = ["=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "@SUM(1)", "-1+2", "-1.5", "plain"]
    batch = predict(header + "\n" + "".join(f'5.0,3.4,1.5,0.2,"{note}"\n' for note in notes))
    safe = harmless(batch.predicted)
    assert safe["note"].tolist() == [*(f"'{note}" for note in notes[:4]), "-1.5", "plain"]
