"""A document as `dashboard/metrics.json` holds it, in health; tests change what they are about."""

from copy import deepcopy
from datetime import UTC, datetime

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LAST_RUN, LATE_AFTER = "2026-11-24T06:47:00+00:00", "2026-11-26T06:47:00+00:00"
RUN_URL = "https://github.com/ada/Wines/actions/runs/7"
CLASSES = {
    "iris_variety": ["setosa", "versicolor", "virginica"],
    "wine_quality": ["3", "4", "5", "6", "7"],
    "wine_grade": ["poor", "fair", "excellent"],
}


def estimate(value, needs=""):
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "enough": not needs, "needs": needs}


def task(name, dataset, accuracy, baseline, confusion):
    classes = CLASSES[name]
    ordinal = {} if dataset == "iris" else {"quadratic_kappa": estimate(0.6)}
    recalls = {f"recall_{each}": estimate(0.5) for each in classes}
    scores = {"accuracy": estimate(accuracy), "macro_f1": estimate(0.6), **ordinal, **recalls}
    return {
        "title": name.replace("_", " ").capitalize(),
        "description": "What it is about.",
        "dataset": dataset,
        "classes": classes,
        "inputs": ["length"],
        "scorer": "macro_f1",
        "guarded": classes,
        "champion": 1,
        "version": 1,
        "versions": [1],
        "created": LAST_RUN,
        "decision": {"kind": "argmax"},
        "decision_cost": None,
        "held_out": deepcopy(scores),
        "baseline": dict.fromkeys(scores, baseline),
        "live": {"version": 1, "n": 100} | scores,
        "awaiting": {"n": 0, "since": None, "overdue_after": None},
        "expectation": {"over_time": [], "windows": 0, "held": 0},
        "live_baseline": {"accuracy": baseline},
        "gap": {},
        "by_version": [],
        "challenger": None,
        "confusion": confusion,
        "calibration": {"n": 100, "error": 0.02, "chance": 0.05, "enough": False, "bins": []},
        "over_time": [
            {"version": 1, "day": f"2026-11-{day}", "rolling_macro_f1": 0.6 + day / 1000} for day in range(20, 25)
        ],
        "alarms": [
            {"score": "accuracy", "promise": 0.55, "n": 100, "evidence": 0, "bar": 4, "on": False, "since": None}
        ],
        "drift": {"needs": "", "tests": [], "alarms": []},
        "recent": [
            {
                "sample_id": f"{dataset}-2026-11-24-000",
                "event_time": "2026-11-24T00:00:00+00:00",
                "predicted_at": LAST_RUN,
                "model_version": 1,
                "prediction": classes[0],
                "label": classes[1],
                "run_url": RUN_URL,
                "probability": 0.8,
            }
        ],
        "champion_log": [{"version": 1, "since": LAST_RUN, "until": None, "who": "ada", "reason": "first"}],
        "predictions": 100,
        "newest_day": "2026-11-24",
        "last_run": LAST_RUN,
        "late_after": LATE_AFTER,
        "pictures": {},
    }


def data(title, plural):
    return {
        "title": title,
        "plural": plural,
        "features": {"length": "Length"},
        "rows": 150,
        "arrived": 100,
        "origins": ["simulated"],
        "newest_day": "2026-11-24",
        "quarantined": 0,
        "lately": {"days": 7, "arrived": 70, "quarantined": 0, "since": None},
        "quarantine": [],
        "drift": {
            "day": "2026-11-24",
            "needs": "",
            "reference": 30,
            "tests": [],
            "alarms": [],
            "since": None,
            "alarm_days": {},
            "distributions": [],
        },
    }


def healthy():
    return {
        "schema_version": 2,
        "store": {"kind": "embedded"},
        "data_as_of": LAST_RUN,
        "datasets": {"iris": data("Iris", "flowers"), "wine": data("Wine Quality", "wines")},
        "tasks": {
            "iris_variety": task("iris_variety", "iris", 0.98, 0.38, [[30, 0, 0], [0, 37, 1], [0, 1, 31]]),
            "wine_grade": task("wine_grade", "wine", 0.74, 0.77, [[2, 2, 0], [10, 60, 7], [0, 9, 10]]),
            "wine_quality": task(
                "wine_quality",
                "wine",
                0.5,
                0.4,
                [[0, 0, 0, 0, 0], [0, 2, 2, 1, 0], [0, 5, 20, 10, 0], [0, 0, 15, 20, 5], [0, 0, 4, 8, 8]],
            ),
        },
    }


def predicted(day, prediction, label):
    """A prediction of a number with its intervals."""
    return {
        "sample_id": f"weather-2026-11-{day:02}-000", "event_time": f"2026-11-{day:02}T00:00:00+00:00",
        "predicted_at": LAST_RUN, "model_version": 1, "prediction": prediction, "label": label, "probability": None,
        "low_80": prediction - 3, "high_80": prediction + 3, "low_95": prediction - 5, "high_95": prediction + 5,
        "run_url": RUN_URL,
    }  # fmt: skip


def error(value, needs=""):
    return {"value": value, "low": value - 0.2, "high": value + 0.2, "enough": not needs, "needs": needs}


def number_task():
    """A task that predicts a number."""
    scores = {
        "mae": error(2.13), "rmse": error(2.71), "r2": error(0.8), "skill": error(0.3), "bias": error(-0.12),
        "pinball": error(0.9), "coverage_80": error(0.81), "coverage_95": error(0.94), "width_80": error(6.0),
        "width_95": error(10.0),
    }  # fmt: skip
    recent = [predicted(24, 13.46, None), predicted(23, 12.0, 18.2)]
    recent += [predicted(day, 10.0 + day / 10, 11.0 + (day % 3)) for day in range(22, 1, -1)]
    shares = [0.0, 0.25, 0.5, 0.8, 0.95]
    return task("iris_variety", "weather", 0.9, 0.3, []) | {
        "title": "Tomorrow's maximum",
        "outcome": {"kind": "number", "unit": "°C", "low": -90.0, "high": 60.0, "decimals": 1,
                    "baseline": "persistence"},
        "within": {"share": 0.8, "n": 100, "value": 2.52, "baseline": 3.41, "shares": shares,
                   "errors": [0.0, 0.7, 1.5, 2.52, 4.4], "of_baseline": [0.0, 0.9, 2.1, 3.41, 6.0]},
        "ahead": 1, "classes": [], "guarded": [], "scorer": "mae", "decision": None,
        "held_out": deepcopy(scores), "baseline": {"mae": 2.9, "rmse": 3.6, "coverage_95": None},
        "live": {"version": 1, "n": 100} | scores, "live_baseline": {"mae": 2.8},
        "by_version": [
            {"first_day": "2026-11-01", "last_day": "2026-11-24", "live": {"version": v, "n": 50} | scores}
            for v in (1, 2)
        ],
        "calibration": {"n": 100, "error": 0.01, "chance": 0.03, "enough": True, "bins": [
            {"low": said, "high": said, "n": 100, "confidence": said, "accuracy": said + 0.01,
             "accuracy_low": said - 0.02, "accuracy_high": said + 0.02} for said in (0.025, 0.1, 0.9, 0.975)
        ]},
        "over_time": [
            {"version": 1, "day": f"2026-11-{day:02}", "rolling_mae": 2.0 + day / 100, "rolling_coverage_95": 0.94}
            for day in range(10, 25)
        ],
        "alarms": [{"score": "mae", "promise": 2.4, "n": 100, "evidence": 0, "bar": 4, "on": False, "since": None}],
        "recent": recent,
    }  # fmt: skip


def with_a_number():
    """The same in health, with a data set whose task predicts a number."""
    document = healthy()
    document["datasets"]["weather"] = data("Weather", "days") | {"record": ""}
    document["tasks"]["weather_max"] = number_task()
    return document


def empty():
    document = healthy()
    for each in document["tasks"].values():
        each |= {
            "champion": None,
            "version": None,
            "held_out": {},
            "baseline": {},
            "recent": [],
            "over_time": [],
            "alarms": [],
            "champion_log": [],
            "last_run": None,
            "late_after": None,
            "decision": None,
            "live": {"version": None, "n": 0},
        }
    for each in document["datasets"].values():
        each |= {"arrived": 0, "lately": {"days": 7, "arrived": 0, "quarantined": 0, "since": None}}
    return document | {"data_as_of": None}


def played_months():
    """Three days that can be played: an alarm goes off on the second, and the version before is back on the third."""
    events = [{"day": day, "kind": kind, "tasks": []} for day, kind in ((11, "begins"), (11, "alarm"), (12, "back"))]
    story = {"frames": [_frame(day) for day in (10, 11, 12)], "over_time": {}, "events": events}
    for name, own in healthy()["tasks"].items():
        story["over_time"][name] = [
            point | {"day": f"2001-01-{day:02}"} for day, point in enumerate(own["over_time"], 8)
        ]
    return {"schema_version": 1, "made_from": "a test", "days": 12, "stories": {"broken_units": story}}


def _frame(day):
    whole, newest = healthy(), f"2001-01-{day}"
    for own in whole["tasks"].values():
        own |= {"newest_day": newest, "last_run": f"{newest}T06:47:00+00:00", "late_after": None}
        own["alarms"][0] |= {"on": day > 10, "since": newest}
    for data in whole["datasets"].values():
        data |= {"newest_day": newest, "arrived": 20 * day, "quarantined": 4 * (day - 10)}
    return {"day": day, "datasets": whole["datasets"], "tasks": whole["tasks"]}
