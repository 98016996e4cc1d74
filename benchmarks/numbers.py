"""How good the models of numbers are, and how often their intervals hold: the tables of docs/models.md.

    python -m benchmarks.numbers coverage [--days 20000]   made-up days on which something drifts
    python -m benchmarks.numbers recorded [--days 500]     the newest recorded days of `weather_temperature`
    python -m benchmarks.numbers temperature               2015 from what was known in June 2014, beside usual models
    python -m benchmarks.numbers diabetes                  three splits of a quarter, beside usual models
    python -m benchmarks.numbers homes                     8,000 made-up homes, beside usual models

Intervals of scores are bootstrap intervals, of weeks where days follow each other, and of rows elsewhere.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from pipelines.datasets import DataSet, Task, task_named, weather
from pipelines.datasets.outcomes import Number
from pipelines.datasets.sources import from_frame
from pipelines.datasets.spec import Feature, Label, Provenance
from pipelines.features.backfill import backfill
from pipelines.models import Model, encode, metrics, predict
from pipelines.models.adaptive import predict_in_order
from pipelines.models.ensemble import Floats
from pipelines.models.metrics import Estimate, metric_title
from pipelines.models.number_ensemble import NumberEnsemble
from pipelines.stores.catalogue import read_history
from pipelines.stores.embedded import EmbeddedStore
from pipelines.training.data import TrainingData, fingerprint
from pipelines.training.number_evaluation import evaluate_number
from pipelines.training.pipeline import Trained, fit

SEED = 0
FIRST = datetime(2030, 1, 1, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
SCORES = ("mae", "rmse", "r2")
# Made-up homes are dearer from so many rooms on, and near a town at so many degrees of latitude by so much.
LARGE, NEAR, TOWNS = 6, 0.5, {34.0: 40.0, 37.7: 60.0}
SEASONS = ("Dec to Feb", "Mar to May", "Jun to Aug", "Sep to Nov")
# Until when a model of the temperature learns, and from when it is judged.
TRAINED_UNTIL, JUDGED_FROM = datetime(2014, 6, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC)
USUAL: Mapping[str, Callable[[], Any]] = {
    "mean": DummyRegressor,
    "ridge": lambda: make_pipeline(StandardScaler(), Ridge()),
    "boosted trees": lambda: HistGradientBoostingRegressor(random_state=SEED),
    "random forest": lambda: RandomForestRegressor(random_state=SEED),
}
# What the size of errors is multiplied by, and what is added in units of it, by the share of the time that has passed.
DRIFTS: Mapping[str, Callable[[Floats, np.random.Generator], tuple[Floats, Floats]]] = {
    "nothing": lambda t, _: (np.ones_like(t), np.zeros_like(t)),
    "errors swing by 40 % with the seasons": lambda t, _: (
        1 + 0.4 * np.sin(2 * np.pi * np.arange(len(t)) / 365.25),
        np.zeros_like(t),
    ),
    "errors double": lambda t, _: (np.where(t < 1 / 2, 1.0, 2.0), np.zeros_like(t)),
    "errors halve": lambda t, _: (np.where(t < 1 / 2, 1.0, 0.5), np.zeros_like(t)),
    "a bias of one standard deviation": lambda t, _: (np.ones_like(t), np.where(t < 1 / 2, 0.0, 1.0)),
    "the size of errors walks at random": lambda t, rng: (
        np.exp(np.clip(rng.normal(0, 0.01, len(t)).cumsum(), -1, 1)),
        np.zeros_like(t),
    ),
}


def main() -> None:
    """Print the table that is asked for."""
    parser = argparse.ArgumentParser(description="Models of numbers.")
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--days", type=int)
    given = parser.parse_args()
    with threadpool_limits(1):
        for line in TABLES[given.table](given.days):
            print(f"| {line} |", flush=True)


def coverage(days: int | None) -> Iterator[str]:
    """How often the intervals of a known model hold on made-up days, all in all, by thousand days, tenth and season."""
    yield "what drifts | fixed 95 % (80 %) | following | per 1,000 days | by tenth of predictions | by season"
    for name, drift in DRIFTS.items():
        model, samples, labels = made_up(drift, days or 20_000)
        fixed, following = (
            inside(predicted, labels)
            for predicted in (predict(model, samples), predict_in_order(model, samples, labels, DAY))
        )
        thousand = np.arange(len(samples)) // 1000
        tenth = np.ceil(samples["middle"].rank(pct=True).to_numpy() * 10)
        season = (samples["event_time"].dt.month % 12 // 3).to_numpy()
        spans = [span(following[95], part) for part in (thousand, tenth, season)]
        yield " | ".join([name, *(f"{100 * each[95].mean():.1f} ({100 * each[80].mean():.1f})"
                                  for each in (fixed, following)), *spans])  # fmt: skip


def made_up(
    drift: Callable[[Floats, np.random.Generator], tuple[Floats, Floats]], days: int
) -> tuple[Model, pd.DataFrame, Floats]:
    """A model that is right about days like those before the drift, such days, and what they turn out to be."""
    rng = np.random.default_rng(SEED)
    times = pd.Series([FIRST + number * DAY for number in range(days)])
    middle, spread = rng.normal(0, 10, days), rng.uniform(1, 4, days)
    size, bias = drift(np.arange(days) / days, rng)
    labels = middle + spread * (bias + size * rng.standard_normal(days))
    plane = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    estimator = NumberEnsemble(
        fill=np.zeros(2), members={"middle": LinearRegression().fit(plane, plane[:, 0])}, weights=np.ones(1),
        intercept=0.0, spread=LinearRegression().fit(plane, plane[:, 1]), smallest_spread=1e-9,
        errors=np.sort(np.random.default_rng(SEED + 1).standard_normal(1000)), centre=0.0, low=-np.inf, high=np.inf,
        baseline=0.0, baseline_of="",
    )  # fmt: skip
    inputs: Any = {name: {"kind": "numeric"} for name in ("middle", "spread")}
    model = Model("made up", 1, (), inputs, {"kind": "mean"}, estimator, {})
    return model, pd.DataFrame({"event_time": times, "middle": middle, "spread": spread}), labels


def inside(predicted: pd.DataFrame, labels: Floats) -> dict[int, np.ndarray]:
    """Which labels lie inside of each interval."""
    return {share: ((predicted[f"low_{share}"] <= labels) & (labels <= predicted[f"high_{share}"])).to_numpy()
            for share in (80, 95)}  # fmt: skip


def span(hits: np.ndarray, parts: np.ndarray) -> str:
    """The least and the most in 100 over the parts."""
    shares = [100 * hits[parts == part].mean() for part in np.unique(parts)]
    return f"{min(shares):.1f} to {max(shares):.1f}"


def recorded(days: int | None) -> Iterator[str]:
    """How often the intervals hold on the newest recorded days, predicted one after the other."""
    task = task_named("weather_temperature")
    rows = history(task)
    judged = rows.tail(days or 500).reset_index(drop=True)
    trained = trained_on(task, rows[rows["event_time"] < judged["event_time"].min() - WEEK], judged)
    labels = task.labels(judged).to_numpy()
    predicted = predict_in_order(trained.model, judged, labels, task.due_after or DAY)
    hits = inside(predicted, labels)
    season = judged["event_time"].dt.month % 12 // 3
    tenth = np.ceil(predicted["prediction"].rank(pct=True) * 10).astype(int)
    parts = {"all": np.ones(len(judged), dtype=bool)}
    parts |= {SEASONS[number]: (season == number).to_numpy() for number in sorted(season.unique())}
    parts |= {f"tenth {number} of the predictions": (tenth == number).to_numpy() for number in sorted(tenth.unique())}
    yield f"{len(judged)} days from {judged['event_time'].min():%Y-%m-%d} | days | inside 95 % | inside 80 %"
    for name, which in parts.items():
        shares = [shown_share(hits[share][which]) for share in (95, 80)]
        yield " | ".join([name, str(which.sum()), *shares])


def shown_share(hits: np.ndarray) -> str:
    """A share in 100 with Wilson's interval."""
    low, high = metrics.wilson(hits.sum(), len(hits))
    return f"{100 * hits.mean():.1f} ({100 * low:.1f} to {100 * high:.1f})"


def temperature(days: int | None) -> Iterator[str]:  # noqa: ARG001 - every table is asked alike
    """The temperature of 2015 from what was known in June 2014."""
    task = task_named("weather_temperature")
    rows = history(task)
    judged = rows[rows["event_time"] >= JUDGED_FROM]
    yield from beside(task, [(rows[rows["event_time"] < TRAINED_UNTIL], judged)])


def diabetes(days: int | None) -> Iterator[str]:  # noqa: ARG001 - see above
    """Scikit-learn's patients: three splits of a quarter."""
    rows = load_diabetes(as_frame=True, scaled=False).frame
    yield from beside(task := as_task("diabetes", rows), splits(task, rows, 3))


def homes(days: int | None) -> Iterator[str]:  # noqa: ARG001 - see above
    """Made-up homes: one split of a quarter."""
    rows = made_up_homes(8000)
    yield from beside(task := as_task("homes", rows), splits(task, rows, 1))


def made_up_homes(count: int) -> pd.DataFrame:
    """Homes like those of California: what they are worth has steps, a bend by place, and larger errors where dear."""
    rng = np.random.default_rng(SEED)
    income, age = rng.lognormal(1.2, 0.45, count), rng.integers(1, 53, count).astype(float)
    rooms, crowd = rng.normal(5.4, 1.2, count).clip(1, 12), rng.lognormal(1.05, 0.25, count)
    north, east = rng.uniform(32.5, 42, count), rng.uniform(-124, -114, count)
    coast = np.exp(-((east + 114 + 1.1 * (north - 32.5)) ** 2) / 8)
    worth = 45 * income + 90 * coast * (1 + 0.2 * income) + 12 * (rooms > LARGE) - 18 * (crowd - 2.8) + 0.4 * age
    worth += sum(more * (np.abs(north - town) < NEAR) for town, more in TOWNS.items())
    target = worth + rng.normal(0, 0.18, count) * worth.clip(30)
    return pd.DataFrame(
        {"income": income, "age": age, "rooms": rooms, "crowd": crowd, "north": north, "east": east,
         "target": target.clip(15, 700)}
    ).round(3)  # fmt: skip


def as_task(name: str, rows: pd.DataFrame) -> Task:
    """The task of predicting the column `target` from the others."""
    inputs = tuple(column for column in rows if column != "target")
    dataset = DataSet(
        name=name, title=name.capitalize(), description="For a benchmark.",
        provenance=Provenance(citation=name, url="https://scikit-learn.org", licence=""),
        features=tuple(Feature(name=each, title=each, description=each) for each in inputs),
        labels=(Label(name="target", title="Target", description="What is predicted.", kind="number"),),
        tasks=(Task(name=f"{name}_target", title="Target", description="What is predicted.", label="target",
                    outcome=Number(unit=""), inputs=inputs),),
        strata=("target",), historical_time=datetime(2020, 1, 1, tzinfo=UTC),
        load=lambda paths: from_frame(rows, name),  # noqa: ARG005 - every source is asked alike
    )  # fmt: skip
    return dataset.tasks[0]


def splits(task: Task, rows: pd.DataFrame, count: int) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Training and test rows."""
    known = rows.assign(sample_id=[f"{task.name}-{at}" for at in range(len(rows))],
                        event_time=task.dataset.historical_time)  # fmt: skip
    for learned, other in ShuffleSplit(count, test_size=0.25, random_state=SEED).split(known):
        yield known.iloc[learned].reset_index(drop=True), known.iloc[other].reset_index(drop=True)


def beside(task: Task, parts: Any) -> Iterator[str]:  # noqa: ANN401 - pairs of frames
    """The scores of the search, of the baseline and of usual models on the same splits."""
    found: dict[str, list[pd.DataFrame]] = {}
    for learned, other in parts:
        trained = trained_on(task, learned, other)
        own = evaluate_number(task, trained.model, trained.data.test, np.random.default_rng(SEED)).predicted
        found.setdefault("this", []).append(own)
        if task.persistence:
            found.setdefault("today's value", []).append(own.assign(prediction=own["baseline"]))
        matrix, unseen = (encode(trained.data.inputs, rows) for rows in (learned, other))
        for name, make in USUAL.items():
            said = make().fit(np.nan_to_num(matrix), task.labels(learned)).predict(np.nan_to_num(unseen))
            found.setdefault(name, []).append(own.assign(prediction=said))
    yield " | ".join(["", *map(metric_title, SCORES), "inside 95 %", "inside 80 %"])
    for name, each in found.items():
        scores = scores_of(task, pd.concat(each, ignore_index=True))
        ends = (shown(scores[f"coverage_{share}"]) if name == "this" else "" for share in (95, 80))
        yield " | ".join([name, *(shown(scores[score]) for score in SCORES), *ends])


def scores_of(task: Task, predicted: pd.DataFrame) -> dict[str, Estimate]:
    """The scores of predictions with their labels."""
    weeks = (predicted["event_time"] - predicted["event_time"].min()) // WEEK
    return metrics.bootstrap(
        task, predicted["label"], predicted["prediction"], predicted[task.answer_columns],
        np.random.default_rng(SEED), groups=weeks if task.due_after else predicted["sample_id"],
    )  # fmt: skip


def shown(score: Estimate) -> str:
    """A score with its interval."""
    return f"{score.value:.3g} ({score.low:.3g} to {score.high:.3g})"


def history(task: Task) -> pd.DataFrame:
    """All recorded days whose outcome is known, in order, with the month that the demo plays."""
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "store")
        backfill(store, task.dataset, [weather.FILE], now=FIRST)
        rows = read_history(store, task.dataset).sort_values("event_time", ignore_index=True)
    return rows[task.labels(rows).notna()].reset_index(drop=True)


def trained_on(task: Task, learned: pd.DataFrame, other: pd.DataFrame) -> Trained:
    """What the quick search makes of some rows, judged on others."""
    learned, other = (rows.reset_index(drop=True) for rows in (learned, other))
    data = TrainingData(task, learned, other, len(learned), fingerprint(task, learned), (), {})
    return fit(data, size="quick", seed=SEED)


TABLES: Mapping[str, Callable[[int | None], Iterator[str]]] = {
    each.__name__: each for each in (coverage, recorded, temperature, diabetes, homes)
}

if __name__ == "__main__":
    main()
