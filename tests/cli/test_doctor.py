import pytest

from pipelines.cli.main import main
from pipelines.publishing import hub


def test_a_laptop_without_a_store_is_well(capsys, monkeypatch):
    monkeypatch.setattr("pipelines.cli.doctor.shutil.which", lambda _: None)
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "FAIL" not in text
    assert "none yet; train it: python -m pipelines train wine_grade" in text
    assert "HF_TOKEN is not set" in text
    assert "origin: not verified: GitHub's command line, gh, is not installed" in text


def test_a_folder_that_cannot_be_written_is_named(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STORE_DIR", str(tmp_path / "file"))
    assert main(["doctor"]) == 1
    found = capsys.readouterr()
    assert "FAIL  store:" in found.out
    assert "1 of" in found.err


def test_a_damaged_champion_is_named(demo_copy, capsys):
    (demo_copy.root / "models" / "wine_type" / "1" / "model.skops").write_bytes(b"damaged")
    assert main(["doctor"]) == 1
    assert "FAIL  champion of wine_type" in capsys.readouterr().out


@pytest.mark.usefixtures("demo_copy")
def test_where_champions_come_from_is_told(capsys, monkeypatch):
    monkeypatch.setattr("pipelines.cli.doctor.shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("pipelines.cli.doctor.attested", lambda _, task, version, __: f"{task.name} {version} is ours")
    assert main(["doctor"]) == 0
    assert "ok    origin of wine_type: wine_type 1 is ours" in capsys.readouterr().out


def test_a_hub_that_cannot_be_reached_is_named_and_the_token_is_not(capsys, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_sesame")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(hub, "ATTEMPTS", 1)
    assert main(["doctor"]) == 1
    found = capsys.readouterr()
    assert "FAIL  hub" in found.out
    assert "hf_sesame" not in found.out + found.err
