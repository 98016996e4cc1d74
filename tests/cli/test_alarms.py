"""What `alarms` says, and what it ends with."""

import json

import pytest
from front.documents import NOW, estimate, healthy

from pipelines.cli.alarms import FALSE_ALARMS, alarms
from pipelines.cli.main import main
from pipelines.errors import NotReadyError
from pipelines.front.findings import ADVICE
from pipelines.stores.embedded import EmbeddedStore


@pytest.fixture
def store(tmp_path):
    return EmbeddedStore(tmp_path / "store")


def put(store, document):
    store.put_file("dashboard/metrics.json", json.dumps(document).encode())


def below_promise():
    document = healthy()
    task = document["tasks"]["wine_grade"]
    task["alarms"][0] |= {"on": True, "since": "2026-11-12"}
    task["live"]["accuracy"] = estimate(0.41)
    task["pictures"] = {"quality": "Accuracy over the days."}
    return document


def test_every_finding_about_data_says_how_often_it_is_wrong():
    about_runs = {"late", "clock"}
    assert FALSE_ALARMS.keys() == ADVICE.keys() - about_runs


def test_an_alarm_says_subject_state_since_when_numbers_and_what_to_do(store):
    put(store, below_promise())
    document = alarms(store, NOW)
    [alarm] = document["alarms"]
    assert document["as_of"] == "2026-11-25T09:00:00+00:00"
    assert document["store"] == {"kind": "embedded"}
    assert alarm.pop("advice").startswith("Compare its versions")
    assert "ten years" in alarm.pop("false_alarms")
    assert alarm == {
        "subject": "quality wine",
        "kind": "quality",
        "state": "bad",
        "dataset": "wine",
        "tasks": ["wine_grade"],
        "parts": ["wine_grade accuracy"],
        "since": "2026-11-12",
        "title": "Wine Quality: Below the promise since 12 November",
        "detail": "Wine grade, whose Accuracy is 0.41, promised at least 0.55",
        "picture": {"file": "dashboard/wine_grade/quality.png", "alt": "Accuracy over the days."},
    }


def test_numbers_that_move_leave_an_alarm_the_same_and_another_input_does_not(store):
    document = healthy()
    drift = document["datasets"]["iris"]["drift"]
    document["datasets"]["iris"]["lately"] |= {"quarantined": 1}
    drift |= {"alarms": ["length"], "since": "2026-11-20"}
    told = []
    for change in ({}, {"since": "2026-11-20"}, {"alarms": ["length", "all inputs"]}):
        drift |= change
        put(store, document)
        [alarm] = alarms(store, NOW)["alarms"]
        told.append((alarm["subject"], alarm["tasks"], alarm["parts"]))
    assert told[0] == told[1] == ("inputs iris", ["iris_variety"], ["length"])
    assert told[2] == ("inputs iris", ["iris_variety"], ["all inputs", "length"])


def test_a_late_run_is_about_no_data_set_and_has_no_picture(store):
    put(store, healthy())
    [alarm] = alarms(store, NOW.replace(month=12))["alarms"]
    assert (alarm["subject"], alarm["since"], alarm["picture"]) == ("late", "2026-11-26", None)


def test_the_exit_code_tells_whether_there_is_something(store, capsys):
    put(store, healthy() | {"tasks": {}})
    assert main(["alarms"]) == 0
    assert capsys.readouterr().out == "No alarm.\n"
    put(store, below_promise())
    assert main(["alarms"]) == 3
    assert "Wine Quality: Below the promise since 12 November\n  Wine grade, whose" in capsys.readouterr().out
    assert main(["alarms", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["alarms"]


@pytest.mark.parametrize(("content", "says"), [(None, "has no dashboard/metrics.json yet"), (b"{}", "is damaged")])
def test_without_numbers_it_says_how_to_make_them(store, content, says):
    if content:
        store.put_file("dashboard/metrics.json", content)
    with pytest.raises(NotReadyError, match=says + r".*python -m pipelines dashboard"):
        alarms(store, NOW)
