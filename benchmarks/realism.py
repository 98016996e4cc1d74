"""How hard simulated samples are to tell from real ones.

    python -m benchmarks.realism [DATASET...]

Half of the distinct rows of a data set feed the simulator; what it makes is compared with the other half, which it
never saw, in the same mix of strata. A classifier that tries to tell the two apart has an AUC of 0.5 if it cannot.
Run with OMP_NUM_THREADS=1 on a busy machine.
"""

import argparse
import time
from dataclasses import asdict, dataclass, fields
from datetime import date

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from scipy.stats import ks_2samp
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from pipelines.datasets import DataSet, all_datasets, dataset_named
from pipelines.datasets.arrivals.simulated import measured, simulate_day
from pipelines.datasets.contract import validate
from pipelines.datasets.roles import banded

DAY = date(2026, 11, 21)
# Below so many rows a boosted model learns nothing, and a logistic model has to be helped with products of features.
SMALL = 500
# Small data scatter more from split to split.
SEEDS, SEEDS_SMALL = 6, 15
# So many times the wanted rows are simulated, to pick the wanted number in each stratum from.
SURPLUS = 4


@dataclass(frozen=True)
class Realism:
    """What one split showed; the value of a perfect simulator in brackets.

    `auc` (0.5) of the strongest discriminator; `copies` (0) of a source row; `closeness` (1): the median distance to
    the closest source row, relative to that of real rows; `near_copies` (0.05): the share nearer to a source row than
    the nearest twentieth of real rows; `margin` (0): the largest Kolmogorov-Smirnov distance of a number, the label
    included; `correlation` (0): the largest difference of a rank correlation within a category; `mix` (0): the share of
    rows that would have to change their stratum for the natural mix.
    """

    auc: float
    copies: float
    closeness: float
    near_copies: float
    margin: float
    correlation: float
    mix: float


def realism(dataset: DataSet, seed: int) -> Realism:
    """Measure one split into a source half and a real half."""
    source, real = halves(dataset, seed)
    surplus = simulate_day(dataset, source, DAY, SURPLUS * len(real))
    made = matched(dataset, surplus, real)
    real = matched(dataset, real, made)
    far_made, far_real = (distances(dataset, source, rows) for rows in (made, real))
    return Realism(
        auc=two_sample_auc(dataset, made, real, seed),
        copies=float((far_made == 0).mean()),
        closeness=float(np.median(far_made) / np.median(far_real)),
        near_copies=float((far_made < np.quantile(far_real, 0.05)).mean()),
        margin=max(ks_2samp(made[name].dropna(), real[name].dropna()).statistic for name in _numbers(dataset)),
        correlation=correlation_gap(dataset, made, real),
        mix=mix_gap(dataset, surplus, real),
    )


def halves(dataset: DataSet, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split the distinct rows of a data set at random into two, stratum by stratum."""
    rows = validate(dataset, dataset.load([]).rows).accepted.drop_duplicates(ignore_index=True)
    shuffled = rows.assign(sample_id=rows.index.map("{:05d}".format)).sample(frac=1, random_state=seed)
    # Counted on through the strata, so that the odd rows do not all fall into the same half.
    ordered = shuffled.sort_values(list(dataset.simulator.strata), kind="stable", ignore_index=True)
    return ordered.iloc[::2], ordered.iloc[1::2]


def matched(dataset: DataSet, rows: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The first rows of each stratum, as many as `other` has."""
    strata = list(dataset.simulator.strata)
    wanted = banded(dataset, other).groupby(strata, observed=True).size()
    own = banded(dataset, rows)
    number = own.groupby(strata, observed=True).cumcount()
    limit = pd.MultiIndex.from_frame(own[strata]) if len(strata) > 1 else pd.Index(own[strata[0]])
    return rows[number.to_numpy() < wanted.reindex(limit, fill_value=0).to_numpy()]


def two_sample_auc(dataset: DataSet, made: pd.DataFrame, real: pd.DataFrame, seed: int) -> float:
    """The AUC of the strongest discriminator, 5-fold, on all features and labels."""
    inputs = pd.get_dummies(pd.concat([made, real])[[*_columns(dataset)]], dtype=float).fillna(-1).astype(float)
    is_made = np.repeat([1, 0], [len(made), len(real)])
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    scores = []
    for model in discriminators(len(is_made), seed):
        made_chance = cross_val_predict(model, inputs.to_numpy(), is_made, cv=folds, method="predict_proba")[:, 1]
        scores.append(float(roc_auc_score(is_made, made_chance)))
    return max(scores)


def discriminators(rows: int, seed: int) -> list[object]:
    """Classifiers that look for differences of different kinds."""
    trees = ExtraTreesClassifier(100, min_samples_leaf=2, random_state=seed)
    if rows < SMALL:
        products = PolynomialFeatures(2, include_bias=False)
        return [trees, make_pipeline(StandardScaler(), products, StandardScaler(), LogisticRegression(max_iter=2000))]
    boosted = HistGradientBoostingClassifier(max_iter=80, random_state=seed)
    return [trees, boosted, make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))]


def distances(dataset: DataSet, source: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """The distance of each row to the closest source row, in standard deviations of the source."""
    names = _numbers(dataset)
    centre, spread = source[names].mean(), source[names].std()
    # A gap counts as lying at the mean.
    base, asked = (((part[names] - centre) / spread).fillna(0).to_numpy() for part in (source, rows))
    return np.asarray(cKDTree(base).query(asked)[0])


def correlation_gap(dataset: DataSet, made: pd.DataFrame, real: pd.DataFrame) -> float:
    """The largest difference of a rank correlation, within each combination of categories."""
    if not dataset.categorical:
        return _rank_gap(dataset, made, real)
    parts = dict(iter(real.groupby(dataset.categorical, observed=True)))
    return max(_rank_gap(dataset, part, parts[key]) for key, part in made.groupby(dataset.categorical, observed=True))


def _rank_gap(dataset: DataSet, made: pd.DataFrame, real: pd.DataFrame) -> float:
    gap = made[_numbers(dataset)].corr("spearman") - real[_numbers(dataset)].corr("spearman")
    return float(gap.abs().max(axis=None))


def mix_gap(dataset: DataSet, made: pd.DataFrame, real: pd.DataFrame) -> float:
    """Half the sum of the differences between the shares of the strata."""
    strata = list(dataset.simulator.strata)
    shares = [banded(dataset, rows).groupby(strata, observed=True).size() / len(rows) for rows in (made, real)]
    return float(shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)


def _numbers(dataset: DataSet) -> list[str]:
    return [each.name for each in measured(dataset)]


def _columns(dataset: DataSet) -> list[str]:
    return [feature.name for feature in dataset.features] + [label.name for label in dataset.labels]


def main() -> None:
    """Print the mean and the standard deviation over the seeds, for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", help="which data sets (default: all)")
    names = parser.parse_args().datasets
    for dataset in [dataset_named(name) for name in names] or all_datasets():
        started = time.perf_counter()
        small = len(halves(dataset, 0)[0]) < SMALL
        results = pd.DataFrame([asdict(realism(dataset, seed)) for seed in range(SEEDS_SMALL if small else SEEDS)])
        print(f"{dataset.name}: {len(results)} seeds, {time.perf_counter() - started:.0f} s")
        for field in fields(Realism):
            values = results[field.name]
            print(
                f"  {field.name:12} {values.mean():.3f} ± {values.std():.3f}  ({values.min():.3f}..{values.max():.3f})"
            )


if __name__ == "__main__":
    main()
