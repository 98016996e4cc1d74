"""The documents of a store of November 2026 are still read, and what is written is read again."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.documents.champions import champions_text, parse_champions
from pipelines.documents.metrics import metrics_text, parse_metrics
from pipelines.documents.model import TO_JUDGE, TO_PREDICT, demand, parse_model
from pipelines.documents.source import parse_source, source_text
from pipelines.front.render import front

KEPT = Path(__file__).parents[1] / "stores" / "november_2026.zip"


@pytest.fixture(scope="module", name="kept")
def fixture_kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    shutil.unpack_archive(KEPT, folder)
    return folder


def test_metrics_of_an_earlier_version_are_read_and_shown(kept):
    document = parse_metrics((kept / "dashboard" / "metrics.json").read_bytes())
    assert parse_metrics(metrics_text(document)) == document
    assert {data["plural"] for data in document["datasets"].values()} == {"samples"}
    assert "Iris variety" in front(document, {}, datetime(2026, 11, 26, tzinfo=UTC))


def test_models_can_predict_and_be_judged(kept):
    paths = list(kept.glob("models/*/*/model.json"))
    assert paths
    for path in paths:
        demand(parse_model(path.read_bytes()), (*TO_PREDICT, *TO_JUDGE))


def test_sources_are_read_and_written_with_a_version(kept):
    paths = list(kept.glob("sources/*.json"))
    assert paths
    for path in paths:
        source = parse_source(path.read_bytes())
        assert parse_source(source_text(source)) == {"schema_version": 1, **source}


def test_champions_are_read_and_written_with_a_version(kept):
    content = (kept / "champions.json").read_bytes()
    logs = parse_champions(content)
    assert logs["iris_variety"][0]["version"] == 1
    assert parse_champions(champions_text(logs)) == logs
