"""The rules for the workflows that no tool checks."""

import contextlib
import io
import itertools
import re
import shlex

import pytest
import yaml
from workflows.scripts import ROOT

from pipelines.cli.main import main
from pipelines.datasets import found_datasets

WORKFLOWS = {
    file.name: yaml.safe_load(file.read_text()) for file in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}
ACTIONS = {str(file): yaml.safe_load(file.read_text()) for file in (ROOT / ".github" / "actions").glob("*/action.yml")}
JOBS = {
    f"{file}:{name}": (workflow, job) for file, workflow in WORKFLOWS.items() for name, job in workflow["jobs"].items()
}
STEPS = [
    *((name, step) for name, (_, job) in JOBS.items() for step in job["steps"]),
    *((name, step) for name, action in ACTIONS.items() for step in action["runs"]["steps"]),
]
SCRIPTS = [(name, step["run"]) for name, step in STEPS if "run" in step]

PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")

# These run the code of pull requests.
OF_STRANGERS = {"tests.yml:tests", "compare.yml:compare"}

# A job may ask for these and no more; each is written for a reason beside the grant.
PERMISSIONS = {
    "compare.yml:compare": {"contents": "read"},
    "verdict.yml:comment": {"actions": "read", "contents": "read", "pull-requests": "write"},
    "check.yml:check": {"contents": "read"},
    "features.yml:features": {"contents": "write"},
    "inference.yml:inference": {"contents": "write"},
    "train.yml:train": {"contents": "write"},
    "train.yml:attest": {"attestations": "write", "id-token": "write"},
    "promote.yml:verify": {"attestations": "read", "contents": "read"},
    "promote.yml:promote": {"contents": "write"},
    "publish.yml:publish": {"contents": "read", "pages": "read"},
    "publish.yml:pages": {"pages": "write", "id-token": "write"},
    "tests.yml:tests": {"contents": "read"},
    "upkeep.yml:issues": {"actions": "read", "contents": "read", "issues": "write"},
    "audit.yml:audit": {"contents": "read", "issues": "write"},
    "upkeep.yml:retrain": {"actions": "write", "contents": "read"},
    "upkeep.yml:keepalive": {"actions": "write", "contents": "read"},
}


def triggers(workflow):
    # YAML 1.1 reads the word `on` as true.
    return workflow[True]


def crons():
    return {
        file: entry["cron"]
        for file, workflow in WORKFLOWS.items()
        for entry in triggers(workflow).get("schedule") or ()
    }


def inputs():
    return [
        (file, name, entry)
        for file, workflow in WORKFLOWS.items()
        for name, entry in ((triggers(workflow).get("workflow_dispatch") or {}).get("inputs") or {}).items()
    ]


@pytest.mark.parametrize(("name", "step"), [(name, step) for name, step in STEPS if "uses" in step])
def test_every_action_is_of_this_repository_or_pinned_to_a_commit(name, step):
    assert step["uses"].startswith("./.github/") or PINNED.fullmatch(step["uses"]), f"{name}: {step['uses']}"


def test_every_pin_says_its_version():
    for file in (ROOT / ".github").rglob("*.yml"):
        for line in file.read_text().splitlines():
            if re.search(r"uses: [^.]", line):
                assert re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), f"{file}: {line}"


def test_an_action_has_one_version_everywhere():
    pins = {step["uses"] for _, step in STEPS if "@" in step.get("uses", "")}
    assert len({pin.split("@")[0] for pin in pins}) == len(pins)


def test_nothing_is_granted_that_is_not_listed():
    assert {name: job["permissions"] for name, (_, job) in JOBS.items()} == PERMISSIONS
    assert all(workflow["permissions"] == {} for workflow in WORKFLOWS.values())


def test_whoever_overrules_the_comparison_can_be_made_to_ask_somebody():
    environments = {name: job["environment"] for name, (_, job) in JOBS.items() if "environment" in job}
    assert environments.pop("publish.yml:pages")["name"] == "github-pages"
    assert environments == {
        "promote.yml:promote": "production",
        "train.yml:train": "${{ inputs.promote == 'always' && 'production' || '' }}",
    }


def test_the_schedule_trains_only_where_the_repository_asks_for_it():
    job = WORKFLOWS["train.yml"]["jobs"]["train"]
    assert job["if"] == "github.event_name != 'schedule' || vars.RETRAIN == 'monthly' || vars.RETRAIN == 'both'"
    condition = WORKFLOWS["upkeep.yml"]["jobs"]["retrain"]["if"]
    assert condition.endswith("(vars.RETRAIN == 'on-alarm' || vars.RETRAIN == 'both')")


def test_no_checkout_leaves_credentials_behind():
    checkouts = [step for _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("name", JOBS)
def test_a_step_that_hangs_fails_before_the_job_is_cancelled(name):
    job = JOBS[name][1]
    # GitHub calls a job that ran out of time cancelled, which no one is told about; a step that did so failed.
    own = [step.get("timeout-minutes", 1) for step in job["steps"]]
    assert sum(own) < job["timeout-minutes"]
    assert all("timeout-minutes" in step for step in job["steps"] if "run" in step)


def test_every_workflow_waits_in_a_group_of_its_own_and_cancels_nothing():
    for workflow in WORKFLOWS.values():
        assert workflow["concurrency"]["group"].startswith("${{ github.workflow }}")
        assert workflow["concurrency"]["cancel-in-progress"] is False
    assert len({workflow["name"] for workflow in WORKFLOWS.values()}) == len(WORKFLOWS)


def test_schedules_avoid_the_minutes_that_everyone_takes_and_each_other():
    minutes = {}
    for file, cron in crons().items():
        minute, hour, *rest = cron.split()
        often = {"check.yml": ["*", "*", "0"], "train.yml": ["3", "*", "*"]}.get(file, ["*", "*", "*"])
        assert rest == often, f"{file} is not as often as it says"
        assert int(minute) % 2 == 1, f"{file} runs at an even minute"
        minutes[file] = int(hour) * 60 + int(minute)
    assert set(minutes) == {"features.yml", "inference.yml", "upkeep.yml", "check.yml", "audit.yml", "train.yml"}
    ordered = sorted(minutes.values())
    assert all(later - earlier >= 120 for earlier, later in itertools.pairwise(ordered))
    assert minutes["features.yml"] < minutes["inference.yml"]


def test_a_workflow_that_follows_another_names_one_that_exists():
    names = {workflow["name"] for workflow in WORKFLOWS.values()}
    followers = {file: event["workflows"] for file, event in _following().items()}
    assert set(followers) == {"publish.yml", "upkeep.yml", "verdict.yml"}
    for file, followed in followers.items():
        assert set(followed) <= names, file
    assert WORKFLOWS["inference.yml"]["name"] in followers["publish.yml"]


def _following():
    events = {file: triggers(workflow).get("workflow_run") for file, workflow in WORKFLOWS.items()}
    return {file: event for file, event in events.items() if event}


def test_every_pipeline_is_watched():
    watched = {word.split("=")[0] for _, script in SCRIPTS for word in script.split() if ".yml" in word}
    with_schedule = set(crons())
    followed = {
        file for file, workflow in WORKFLOWS.items() if workflow["name"] in _following()["upkeep.yml"]["workflows"]
    }
    assert watched == followed | with_schedule
    assert followed == {"features.yml", "inference.yml", "train.yml", "publish.yml", "check.yml"}


@pytest.mark.parametrize(("name", "script"), SCRIPTS)
def test_nothing_from_outside_reaches_a_script_but_through_its_environment(name, script):
    assert "${{" not in script, name


def test_secrets_reach_only_the_steps_that_need_them():
    for file in (ROOT / ".github").rglob("*.yml"):
        for number, line in enumerate(file.read_text().splitlines()):
            if "secrets." in line:
                assert line.startswith("          "), f"{file}:{number + 1} is above a step"
    for name, step in STEPS:
        words = str(step.get("env", {}))
        if "secrets.HOPSWORKS_API_KEY }}" in words:
            assert "store_branch.py" in step["run"], name
        if "secrets.HF_TOKEN }}" in words:
            assert step["run"].endswith("pipelines publish"), name


def test_every_verb_on_the_store_goes_through_the_branch_with_a_token_and_the_key():
    verbs = [(name, step) for name, step in STEPS if "-m pipelines" in step.get("run", "")]
    assert len(verbs) == 10
    for name, step in verbs:
        assert "store_branch.py" in step["run"], name
        keys = {"GITHUB_TOKEN"} if name in OF_STRANGERS else {"GITHUB_TOKEN", "HOPSWORKS_API_KEY"}
        assert keys <= set(step["env"]), name


def test_a_verb_is_given_a_token_only_where_it_can_do_nothing_but_read():
    given = {name for name, step in STEPS if "GH_TOKEN" in step.get("env", {})}
    assert given == {"promote.yml:verify"}
    assert set(JOBS["promote.yml:verify"][1]["permissions"].values()) == {"read"}


def test_what_strangers_wrote_runs_without_secrets_and_may_only_read():
    on_requests = {file for file, workflow in WORKFLOWS.items() if "pull_request" in triggers(workflow)}
    assert {f"{file}:{job}" for file in on_requests for job in WORKFLOWS[file]["jobs"]} == OF_STRANGERS
    assert not any("pull_request_target" in triggers(workflow) for workflow in WORKFLOWS.values())
    for name in OF_STRANGERS:
        job = JOBS[name][1]
        assert job["permissions"] == {"contents": "read"}
        assert "secrets." not in str(job)
        assert "environment" not in job


def test_what_follows_a_pull_request_runs_only_code_of_the_default_branch():
    [job] = WORKFLOWS["verdict.yml"]["jobs"].values()
    [checkout] = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert "ref" not in checkout["with"]
    assert "repository" not in checkout["with"]
    assert not [step for step in job["steps"] if "download-artifact" in step.get("uses", "")]


@pytest.mark.parametrize(
    ("name", "words"),
    [(name, line) for name, script in SCRIPTS for line in script.splitlines() if "-m pipelines" in line],
)
def test_every_command_exists(name, words):
    options = re.findall(r"(--[a-z-]+)=", "\n".join(script for place, script in SCRIPTS if place == name))
    for verb in re.findall(r"-m pipelines (\w+)", words):
        page = help_of(verb)
        if verb in {"features", "infer", "train", "promote"}:
            for option in options:
                assert option in page, f"{name}: {verb} has no {option}"


def help_of(verb):
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        assert main([verb, "--help"]) == 0
    return page.getvalue()


def test_every_file_that_a_script_names_exists():
    for name, script in SCRIPTS:
        for word in shlex.split(script.replace("(", " ").replace(")", " ")):
            if word.startswith((".github/", ".ci/")):
                assert (ROOT / word).is_file(), f"{name}: {word}"


def test_choices_are_what_the_command_line_knows():
    tasks = [task.name for dataset in found_datasets() for task in dataset.tasks]
    known = {
        "dataset": ["all", *(dataset.name for dataset in found_datasets())],
        "task": ["all", *tasks],
        "search": ["full", "quick"],
        "promote": ["auto", "always", "never"],
    }
    choices = [(file, name, entry) for file, name, entry in inputs() if entry["type"] == "choice"]
    assert {name for _, name, _ in choices} == set(known)
    for file, name, entry in choices:
        expected = tasks if (file, name) == ("promote.yml", "task") else known[name]
        assert entry["options"] == expected, f"{file}: {name}; run python -m pipelines workflows --write"


def test_the_schedules_in_the_documents_are_those_of_the_workflows():
    page, readme = (ROOT / "docs" / "operations.md").read_text(), (ROOT / "README.md").read_text()
    for file, cron in crons().items():
        minute, hour = cron.split()[:2]
        time = f"{int(hour):02}:{int(minute):02}"
        assert re.search(rf"{re.escape(file)}.*{time}", page), f"{file} {cron}"
        assert time in readme or file in {"upkeep.yml", "audit.yml"}, f"{file} {cron}"


def test_the_documents_name_every_workflow():
    page = (ROOT / "docs" / "operations.md").read_text()
    for file, workflow in WORKFLOWS.items():
        assert f"| {workflow['name']} | `{file}` |" in page


@pytest.mark.parametrize(
    ("name", "step"), [(name, step) for name, step in STEPS if "pipelines backfill" in step.get("run", "")]
)
def test_a_job_that_may_load_a_history_knows_its_live_source(name, step):
    environ = {**JOBS[name][1].get("env", {}), **step["env"]}
    assert environ["WEATHER_PLACE"] == "${{ vars.WEATHER_PLACE }}"
    assert environ["SOURCE_ENDPOINT"] == "${{ vars.SOURCE_ENDPOINT }}"
    assert ("SOURCE_TOKEN" in environ) == (name not in OF_STRANGERS)
