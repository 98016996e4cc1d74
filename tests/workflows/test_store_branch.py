"""The branch `store`, with a bare repository as the remote and small shell commands as the verbs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workflows.git_over_http import serving
from workflows.scripts import SCRIPTS, load

store_branch = load("store_branch")

SCRIPT = SCRIPTS / "store_branch.py"


def git(*arguments, cwd):
    done = subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def remote(tmp_path):
    path = tmp_path / "remote.git"
    git("init", "--quiet", "--bare", "-b", "main", str(path), cwd=tmp_path)
    return path


@pytest.fixture
def clone(remote, tmp_path):
    return make_clone(remote, tmp_path / "clone")


def make_clone(remote, path):
    path.mkdir()
    git("init", "--quiet", "-b", "main", cwd=path)
    git("remote", "add", "origin", str(remote), cwd=path)
    return path


def environment(**changes):
    hidden = ("STORE", "STORE_DIR", "STORE_BRANCH", "HOPSWORKS_API_KEY", "GITHUB_TOKEN", "GITHUB_STEP_SUMMARY")
    return {name: value for name, value in os.environ.items() if name not in hidden} | changes


def run(clone, *command, options=(), **changes):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *options, *command],
        cwd=clone,
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
    )


def shell(script):
    return ("bash", "-euc", script)


def write(name, text):
    return shell(f'mkdir -p "$(dirname "$STORE_DIR/{name}")"; echo "{text}" > "$STORE_DIR/{name}"')


def another_run(clone, script):
    """As part of a verb: what another job does to the branch meanwhile."""
    clean = "env -u STORE_DIR -u GITHUB_STEP_SUMMARY"
    return f"(cd {clone} && {clean} {sys.executable} {SCRIPT} bash -c '{script}') >&2"


def head(remote):
    return git("rev-parse", "refs/heads/store", cwd=remote)


def content(remote):
    names = git("ls-tree", "-r", "--name-only", "refs/heads/store", cwd=remote).splitlines()
    return {name: git("show", f"refs/heads/store:{name}", cwd=remote) for name in names}


def commits(remote):
    return int(git("rev-list", "--count", "refs/heads/store", cwd=remote))


def test_the_first_run_makes_the_branch(remote, clone):
    done = run(clone, *write("tables/iris/a", "1"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(remote) == {"tables/iris/a": "1"}
    assert commits(remote) == 1


def test_a_first_run_that_writes_nothing_makes_no_branch(remote, clone):
    done = run(clone, *shell("exit 2"))
    assert done.returncode == 2
    assert not git("branch", "--list", cwd=remote)


def test_the_next_run_finds_what_the_first_one_kept_and_the_branch_still_has_one_commit(remote, clone, tmp_path):
    run(clone, *write("a", "1"))
    done = run(make_clone(remote, tmp_path / "next"), *shell('cat "$STORE_DIR/a"; echo 2 > "$STORE_DIR/b"'))
    assert "1\n" in done.stdout
    assert content(remote) == {"a": "1", "b": "2"}
    assert commits(remote) == 1


def test_two_verbs_of_one_job_follow_each_other(remote, clone):
    run(clone, *write("a", "1"))
    run(clone, *write("b", "2"))
    assert content(remote) == {"a": "1", "b": "2"}


def test_the_shallow_clone_of_a_job_is_enough(remote, clone, tmp_path):
    git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "--allow-empty", "-m", "one", cwd=clone)
    git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "--allow-empty", "-m", "two", cwd=clone)
    git("push", "--quiet", "origin", "main", cwd=clone)
    run(clone, *write("a", "1"))
    job = tmp_path / "job"
    git("clone", "--quiet", "--depth=1", "--branch=main", f"file://{remote}", str(job), cwd=tmp_path)
    done = run(job, *write("b", "2"))
    assert done.returncode == 0, done.stdout
    assert content(remote) == {"a": "1", "b": "2"}


def test_a_removed_file_is_gone(remote, clone):
    run(clone, *write("a", "1"))
    run(clone, *shell('rm "$STORE_DIR/a"; echo 2 > "$STORE_DIR/b"'))
    assert content(remote) == {"b": "2"}


def test_a_run_that_changes_nothing_pushes_nothing(remote, clone):
    run(clone, *write("a", "1"))
    before = head(remote)
    done = run(clone, *write("a", "1"))
    assert done.returncode == 0
    assert head(remote) == before
    assert "nothing changed" in done.stdout


def test_locks_unfinished_files_and_executed_notebooks_stay_behind(remote, clone):
    names = "runs/iris.ipynb", ".locks/tables.lock", "models/iris/.aside/x", "models/iris/1/model.json", "tables/.a.tmp"
    for name in names:
        run(clone, *write(name, "x"))
    assert list(content(remote)) == ["models/iris/1/model.json"]
    assert (clone / "store" / "runs" / "iris.ipynb").is_file(), "a job uploads it after the verb"


def test_ignore_rules_of_the_code_do_not_hold_for_the_store(remote, clone):
    (clone / ".gitignore").write_text("/store/\n*.parquet\n")
    (clone / ".git" / "info" / "exclude").write_text("*.parquet\n")
    run(clone, *write("tables/a.parquet", "1"))
    assert list(content(remote)) == ["tables/a.parquet"]


def test_the_loser_of_a_race_runs_its_verb_again_on_the_new_head(remote, clone, tmp_path):
    run(clone, *write("a", "1"))
    winner = make_clone(remote, tmp_path / "winner")
    once = f"[ -e {tmp_path}/raced ] || (touch {tmp_path}/raced; {another_run(winner, 'echo winner > store/w')}); "
    summary = tmp_path / "summary"
    done = run(
        clone,
        *shell(once + 'ls "$STORE_DIR"; echo loser > "$STORE_DIR/l"; echo ran >> "$GITHUB_STEP_SUMMARY"'),
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(remote) == {"a": "1", "w": "winner", "l": "loser"}
    assert commits(remote) == 1
    assert "::notice::Another run changed the store first" in done.stdout
    assert summary.read_text() == "ran\n", "the lost run tells nothing"


def test_two_first_runs_race_for_the_branch(remote, clone, tmp_path):
    other = make_clone(remote, tmp_path / "other")
    wait = f"touch {tmp_path}/$NAME; until [ -e {tmp_path}/one ] && [ -e {tmp_path}/two ]; do sleep 0.05; done; "
    runs = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), *shell(wait + 'echo x > "$STORE_DIR/$NAME"')],
            cwd=path,
            env=environment(NAME=name),
            stdout=subprocess.DEVNULL,
        )
        for path, name in ((clone, "one"), (other, "two"))
    ]
    assert [process.wait() for process in runs] == [0, 0]
    assert content(remote) == {"one": "x", "two": "x"}
    assert commits(remote) == 1


def test_a_race_lost_five_times_ends_with_a_sentence_and_the_winner_stays(remote, clone, tmp_path):
    run(clone, *write("a", "1"))
    winner = make_clone(remote, tmp_path / "winner")
    faster = another_run(winner, "date +%N >> store/w") + "; "
    done = run(clone, *shell(faster + f'echo x >> {tmp_path}/runs; echo loser > "$STORE_DIR/l"'))
    assert done.returncode == 1
    assert (tmp_path / "runs").read_text().count("x") == 5
    assert "::error::Other runs changed the branch store 5 times" in done.stdout
    assert sorted(content(remote)) == ["a", "w"]


def test_what_a_failed_verb_had_written_is_kept_and_its_exit_code_goes_on(remote, clone):
    done = run(clone, *shell('echo iris > "$STORE_DIR/iris"; exit 7'))
    assert done.returncode == 7
    assert content(remote) == {"iris": "iris"}


def test_a_killed_run_leaves_the_branch_as_it_was_and_the_next_one_goes_on(remote, clone, tmp_path):
    run(clone, *write("a", "1"))
    before = head(remote)
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *shell(f'echo half > "$STORE_DIR/b"; touch {tmp_path}/there; exec sleep 60')],
        cwd=clone,
        env=environment(),
        start_new_session=True,
    )
    while not (tmp_path / "there").exists():
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert head(remote) == before
    run(make_clone(remote, tmp_path / "next"), *write("b", "2"))
    assert content(remote) == {"a": "1", "b": "2"}


def test_a_push_whose_answer_is_lost_counts(remote, clone, tmp_path):
    # A git whose push arrives and then reports a broken connection, which is what a killed connection looks like.
    real = git("--exec-path", cwd=clone)
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n"{real}/git" "$@" || exit $?\ncase " $* " in *" push "*) exit 128;; esac\n')
    fake.chmod(0o755)
    done = run(clone, *write("a", "1"), PATH=f"{fake.parent}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stdout
    assert content(remote) == {"a": "1"}


def test_a_push_that_is_refused_says_what_the_job_needs(remote, clone, monkeypatch):
    hook = remote / "hooks" / "update"
    hook.write_text("#!/bin/sh\necho >&2 'Force pushes are not allowed'\nexit 1\n")
    hook.chmod(0o755)
    monkeypatch.chdir(clone)
    monkeypatch.setattr(store_branch, "PAUSES_S", (0, 0))
    branch = store_branch.StoreBranch("store", clone / "store", environment())
    with pytest.raises(store_branch.StoreBranchError, match="contents: write"):
        store_branch.run_on_branch(branch, write("a", "1"), environment(), "message")


def test_an_unreachable_remote_is_tried_again_and_then_named(clone, monkeypatch, capsys):
    git("remote", "set-url", "origin", "/nowhere.git", cwd=clone)
    monkeypatch.chdir(clone)
    monkeypatch.setattr(store_branch, "PAUSES_S", (0, 0))
    assert store_branch.main(["true"]) == 1
    told = capsys.readouterr().out
    assert told.count("tried again") == 2
    assert "::error::" in told
    assert "/nowhere.git" in told


def test_a_folder_that_the_script_did_not_make_is_not_overwritten(clone):
    (clone / "store").mkdir()
    (clone / "store" / "mine").write_text("a month of work")
    done = run(clone, *write("a", "1"))
    assert done.returncode == 1
    assert "is not empty" in done.stdout
    assert (clone / "store" / "mine").read_text() == "a month of work"


def test_reading_keeps_nothing(remote, clone):
    run(clone, *write("a", "1"))
    done = run(clone, *shell('cat "$STORE_DIR/a"; echo 2 > "$STORE_DIR/a"; exit 3'), options=["--read-only"])
    assert done.returncode == 3
    assert "1\n" in done.stdout
    assert content(remote) == {"a": "1"}
    assert run(clone, *shell('cat "$STORE_DIR/a"'), options=["--read-only"]).stdout == "1\n", "nor here"


def test_with_hopsworks_the_verb_just_runs(remote, clone):
    done = run(clone, *shell("echo ran; exit 4"), HOPSWORKS_API_KEY="key")
    assert (done.returncode, done.stdout) == (4, "ran\n")
    assert not git("branch", "--list", cwd=remote)


def test_an_empty_key_means_the_branch(remote, clone):
    run(clone, *write("a", "1"), HOPSWORKS_API_KEY="", STORE="")
    assert content(remote) == {"a": "1"}


def test_the_store_setting_wins_over_the_key(remote, clone):
    run(clone, *write("a", "1"), HOPSWORKS_API_KEY="key", STORE="embedded")
    assert content(remote) == {"a": "1"}


def test_the_verb_never_sees_the_token_and_git_gets_it_as_a_header(clone):
    done = run(clone, *shell('echo "[${GITHUB_TOKEN:-none}]"; env | grep -c GIT_CONFIG || true'), GITHUB_TOKEN="secret")
    assert "[none]\n0\n" in done.stdout
    access = store_branch._access({"GITHUB_TOKEN": "secret", "GITHUB_SERVER_URL": "https://github.example"})
    assert access["GIT_CONFIG_KEY_0"] == "http.https://github.example/.extraheader"
    assert "secret" not in done.stdout + done.stderr
    for file in Path(clone / ".git").rglob("*"):
        assert not file.is_file() or b"secret" not in file.read_bytes()


def test_over_http_the_token_of_the_job_opens_a_private_repository(remote, clone, tmp_path):
    with serving(tmp_path, "job-token") as url:
        git("remote", "set-url", "origin", f"{url}/{remote.name}", cwd=clone)
        done = run(clone, *write("a", "1"), GITHUB_TOKEN="job-token", GITHUB_SERVER_URL=url)
        assert done.returncode == 0, done.stdout
        again = run(
            clone,
            *shell('cat "$STORE_DIR/a"; echo 2 > "$STORE_DIR/b"'),
            GITHUB_TOKEN="job-token",
            GITHUB_SERVER_URL=url,
        )
        assert "1\n" in again.stdout
    assert content(remote) == {"a": "1", "b": "2"}


def test_over_http_a_token_belongs_to_its_server_alone(remote, clone, tmp_path, monkeypatch, capsys):
    with serving(tmp_path, "job-token") as url:
        git("remote", "set-url", "origin", f"{url}/{remote.name}", cwd=clone)
        monkeypatch.chdir(clone)
        monkeypatch.setattr(store_branch, "PAUSES_S", ())
        monkeypatch.setenv("GITHUB_TOKEN", "job-token")
        monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
        assert store_branch.main(["true"]) == 1
    assert "::error::'git ls-remote' failed" in capsys.readouterr().out


def test_a_branch_that_someone_gave_more_commits_is_one_commit_again(remote, clone, tmp_path):
    run(clone, *write("a", "1"))
    other = tmp_path / "other"
    git("clone", "--quiet", "-b", "store", str(remote), str(other), cwd=tmp_path)
    (other / "b").write_text("2\n")
    git("add", "b", cwd=other)
    git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "-m", "by hand", cwd=other)
    git("push", "--quiet", cwd=other)
    run(make_clone(remote, tmp_path / "next"), *write("c", "3"))
    assert content(remote) == {"a": "1", "b": "2", "c": "3"}
    assert commits(remote) == 1


def test_a_branch_that_grew_large_is_announced(clone, monkeypatch, capsys):
    monkeypatch.chdir(clone)
    monkeypatch.setattr(store_branch, "LARGE_BYTES", 1)
    assert store_branch.main([*write("a", "12345")]) == 0
    assert "::warning::The branch store has grown" in capsys.readouterr().out
