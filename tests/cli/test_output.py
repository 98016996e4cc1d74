import errno
import os
import shutil
import subprocess
import sys

import pytest

from pipelines.cli.main import main
from pipelines.cli.output import append_summary, refusal


def run(program, **environment):
    text = f"import sys; from pipelines.cli.output import prepare_streams; prepare_streams(); {program}"
    return subprocess.Popen(
        [sys.executable, "-c", text], env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_a_reader_may_leave_and_the_run_goes_on(tmp_path):
    done = tmp_path / "done"
    process = run(
        f"print('first'); [print('more' * 999) for _ in range(99)]; open({str(done)!r}, 'w')",
        PYTHONIOENCODING="utf-8",
    )
    with process:
        assert process.stdout.readline() == b"first\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert done.exists()


def test_a_terminal_without_the_character_shows_another():
    said, errors = run("print('0.5 g/dm³')", PYTHONIOENCODING="ascii").communicate()
    assert (said, errors) == (b"0.5 g/dm?\n", b"")


def test_a_summary_is_written_whatever_is_in_a_path(tmp_path):
    append_summary(tmp_path / "summary.md", "set aside in gr\udcf6ße")
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == "set aside in gr?ße\n"


def test_a_summary_is_appended_to(tmp_path):
    append_summary(tmp_path / "summary.md", "# One")
    append_summary(tmp_path / "summary.md", "# Two")
    assert (tmp_path / "summary.md").read_text() == "# One\n# Two\n"
    append_summary(None, "# Three")


def test_a_summary_that_cannot_be_written_is_named_and_stops_nothing(tmp_path, caplog):
    append_summary(tmp_path, "# One")
    assert "GITHUB_STEP_SUMMARY" in caplog.text
    assert "Is a directory" in caplog.text


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "Read-only file system"), (errno.EIO, "Input/output error")],
)
def test_what_the_system_refuses_is_one_sentence(number, says):
    sentence = refusal(OSError(number, os.strerror(number), "/some/file"))
    assert says in sentence
    assert "/some/file" in sentence
    assert "\n" not in sentence
    assert "delete" not in sentence


def test_several_refusals_at_once_are_one_sentence():
    assert "\n" not in refusal(shutil.Error([("a", "b", "no space")]))


def test_a_verb_on_a_full_disk_is_one_sentence_and_exit_1(monkeypatch, capsys):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/training.ipynb")  # noqa: S108 - no file is made

    monkeypatch.setattr("pipelines.cli.status.status", refuse)
    assert main(["status"]) == 1
    assert capsys.readouterr().err.strip().startswith("error: The disk is full (/tmp/training.ipynb)")


def test_the_first_line_of_a_status_can_be_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("STORE_DIR", str(tmp_path))
    assert main(["backfill", "iris"]) == 0
    command = f"{sys.executable} -m pipelines status | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "STORE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"store: embedded at {tmp_path}\n", "")
