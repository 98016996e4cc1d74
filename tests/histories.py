"""Made prediction histories: what a store would hold after some days of operation, from a seeded Generator."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from pipelines.features.backfill import backfill
from pipelines.features.daily import run_features
from pipelines.stores.base import ChampionEntry
from pipelines.stores.catalogue import predictions_group, samples_group, task_view
from pipelines.stores.embedded import EmbeddedStore
from pipelines.stores.rows import conform

START = datetime(2026, 9, 1, tzinfo=UTC)
SHARES = {
    "wine_grade": (0.038, 0.766, 0.196),
    "wine_quality": (0.005, 0.033, 0.329, 0.436, 0.166, 0.03, 0.001),
    "wine_type": (0.25, 0.75),
}


def history(task, *, days=30, per_day=10, seed=0, version=1, skill=2.0, start=START, served="champion", prefix=""):
    """Calibrated predictions of one version: each probability row is the truth from which its label is drawn.

    `skill` is how sharply the probabilities stand out from the natural shares; 0 knows nothing but the shares.
    """
    rng = np.random.default_rng([seed, 1])
    n, k = days * per_day, len(task.classes)
    shares = np.array(SHARES.get(task.name, np.full(k, 1 / k)))
    logits = np.log(shares) + skill * rng.standard_normal((n, k))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = np.array(task.classes, dtype=object)
    labels = classes[(probabilities.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, k - 1)]
    day, index = np.divmod(np.arange(n), per_day)
    times = [start + timedelta(days=int(d), milliseconds=int(i)) for d, i in zip(day, index, strict=True)]
    rows = pd.DataFrame(
        {
            "sample_id": [f"{prefix}s-{time:%Y-%m-%d}-{i:03d}" for time, i in zip(times, index, strict=True)],
            "model_version": version,
            "event_time": times,
            "predicted_at": [time.replace(hour=6, minute=47, microsecond=0) for time in times],
            "served": served,
            "prediction": classes[probabilities.argmax(axis=1)],
            "label": labels,
            "settled_at": [time.replace(hour=6, minute=47, microsecond=0) for time in times],
            "corrected_at": None,
            "inputs": [f"{position:016x}" for position in range(n)],
            "run_url": "https://example.org/runs/1",
        }
    )
    rows[task.probability_columns] = probabilities
    return conform(rows, predictions_group(task))


def due_in(task, time):
    """The task, where what a sample turns out to be is due so long after it."""
    labels = tuple(replace(label, due_after=time) for label in task.dataset.labels)
    late = replace(task.dataset, labels=labels)
    return next(each for each in late.tasks if each.name == task.name)


def arrivals(dataset, rows, sample_ids, event_times, origin="simulated"):
    """Samples of a data set under given ids and times, their measurements taken from typed `rows` in turn."""
    taken = rows.iloc[np.arange(len(sample_ids)) % len(rows)].reset_index(drop=True)
    keyed = taken.assign(sample_id=list(sample_ids), event_time=list(event_times), origin=origin, role=None)
    return conform(keyed, samples_group(dataset))


def historical(dataset):
    """The data set's own rows, typed, without ids: what a backfill would store."""
    rows = dataset.load([]).rows
    numeric = [*dataset.numeric, *(label.name for label in dataset.labels if label.kind == "integer")]
    return rows.astype(dict.fromkeys(numeric, "float64"))


def arrivals_of(task, predictions):
    """The samples that the predictions are about."""
    dataset = task.dataset
    keyed = predictions.drop_duplicates("sample_id")
    return arrivals(dataset, historical(dataset), keyed["sample_id"], keyed["event_time"])


def entry(task, version, when=START, reason="first version"):
    return ChampionEntry(task=task.name, version=version, when=when, who="ada", reason=reason)


def model_document(task, version=1, accuracy=0.75, width=0.03):
    """The part of a model.json that the monitor reads."""
    k = len(task.classes)
    shares = np.array(SHARES.get(task.name, np.full(k, 1 / k)))
    names = ["accuracy", "balanced_accuracy", "macro_f1", *(f"recall_{name}" for name in task.classes)]
    names += ["quadratic_kappa"] if task.ordinal else []
    metrics = {n: {"value": accuracy, "low": accuracy - width, "high": accuracy + width} for n in names}
    metrics |= {
        "log_loss": {"value": 0.6, "low": 0.55, "high": 0.65},
        "calibration_error": {"value": 0.01, "low": 0.005, "high": 0.02},
    }
    return {
        "task": task.name,
        "version": version,
        "created": "2026-09-01T00:00:00+00:00",
        "decision": {"kind": task.choice.decision},
        "decision_cost": {
            "rule": {"accuracy": 0.74, task.scorer: 0.56},
            "most_probable": {"accuracy": 0.79, task.scorer: 0.45},
        },
        "confusion": (1000 * np.outer(shares, shares)).round().astype(int).tolist(),
        "metrics": metrics,
        "baseline": dict.fromkeys(names, 0.4) | {"log_loss": 1.0, "calibration_error": 0.0},
    }


def predicted(task, samples, *, seed=0, version=1, served="champion", skill=1.5):
    """Predictions about given samples: the larger `skill`, the more often the true class gets most probability."""
    rng = np.random.default_rng([seed, 2])
    k = len(task.classes)
    shares = np.array(SHARES.get(task.name, np.full(k, 1 / k)))
    labels = task.labels(samples).to_numpy()
    truth = np.array([[name == label for name in task.classes] for label in labels], dtype=float)
    logits = np.log(shares) + skill * truth + 0.7 * rng.standard_normal((len(samples), k))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = samples[["sample_id", "event_time"]].assign(
        model_version=version,
        predicted_at=samples["event_time"].dt.floor("D") + timedelta(hours=6, minutes=47),
        served=served,
        prediction=np.array(task.classes, dtype=object)[probabilities.argmax(axis=1)],
        label=labels,
        settled_at=samples["event_time"].dt.floor("D") + timedelta(hours=6, minutes=47),
        corrected_at=None,
        inputs="0" * 16,
        run_url="https://example.org/runs/1",
    )
    rows[task.probability_columns] = probabilities
    return conform(rows, predictions_group(task))


def register(store, task, folder, *, version=1, accuracy=0.75):
    """A registered version that has the part of a model.json that the monitor reads, made champion."""
    path = folder / f"{task.name}-{version}"
    path.mkdir()
    (path / "model.json").write_text(json.dumps(model_document(task, version, accuracy)))
    store.register(task_view(task), version, path)
    champion = store.champion(task.name)
    when = START + timedelta(days=10 * (version - 1)) - timedelta(hours=20)
    store.move_champion(entry(task, version, when, f"version {version}"), champion.version if champion else None)


def operated_store(folder, dataset, days=20, per_day=10, scenario="none"):
    """An embedded store after some days of operation: real history and arrivals, made predictions of two versions."""
    store = EmbeddedStore(folder / "store")
    backfill(store, dataset, sources=[], now=START)
    if days:
        clock = START + timedelta(days=days - 1, hours=6)
        run_features(store, dataset, START.date(), per_day=per_day, now=clock)
        run_features(store, dataset, clock.date(), per_day=per_day, scenario=scenario, now=clock)
    samples = store.read(samples_group(dataset), start=START)
    change = START + timedelta(days=10)
    for task in dataset.tasks:
        register(store, task, folder)
        if len(samples):
            store.upsert(predictions_group(task), predicted(task, samples[samples["event_time"] < change]))
        if days > 10:
            register(store, task, folder, version=2)
            later = samples[samples["event_time"] >= change]
            store.upsert(predictions_group(task), predicted(task, later, seed=1, version=2))
            store.upsert(predictions_group(task), predicted(task, later, seed=2, version=3, served="challenger"))
    return store
