"""Saving, loading and asking a model: what every user of one shares.

A model is a folder: `model.skops` (what was fitted), `model.json` (what is known about it, with the checksums of the
other files), and `card.md` and `training.ipynb` to read. No pickle is ever loaded.
"""

import hashlib
import json
import logging
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial, singledispatch
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import sklearn
import skops.io
from joblib import cpu_count
from skops.io.exceptions import UntrustedTypesFoundException
from threadpoolctl import ThreadpoolController

from pipelines.datasets.names import BASELINE, bound_columns, probability_columns
from pipelines.datasets.outcomes import Classes, Number
from pipelines.documents import Damaged, checksum
from pipelines.documents.model import (
    FOR_PEOPLE,
    SCHEMA_VERSION,
    TO_PREDICT,
    DecisionRule,
    InputInfo,
    ModelInfo,
    demand,
    parse_model,
)
from pipelines.errors import ModelRefused, UsageError
from pipelines.models.ensemble import CHUNK, Ensemble, Floats
from pipelines.models.number_ensemble import MISSED, POINT, NumberEnsemble, mixed

MODEL_FILE = "model.skops"
INFO_FILE = "model.json"
# The only type that loading creates beyond those that skops trusts: the arrays of a decision tree.
TRUSTED = ("sklearn.tree._tree.Tree",)
# One level more takes ten times as long for a file that is a tenth smaller.
LEVEL = 6

AnyEnsemble: TypeAlias = Ensemble | NumberEnsemble
# What holds a model of each kind of outcome.
KINDS: Mapping[str, type[Ensemble] | type[NumberEnsemble]] = {Classes.kind: Ensemble, Number.kind: NumberEnsemble}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Model:
    """A verified model, ready to predict.

    `info` is the whole `model.json`; `inputs` is its part about the inputs, by name and in order; `decision` the rule
    by which a class is chosen from the probabilities. `version` is 0 before registration. A model of a number has no
    classes.
    """

    task: str
    version: int
    classes: tuple[str, ...]
    inputs: Mapping[str, InputInfo] = field(repr=False)
    decision: DecisionRule
    estimator: AnyEnsemble = field(repr=False)
    info: ModelInfo = field(repr=False)


def predict(model: Model, samples: pd.DataFrame, missed: Mapping[int, float] = MISSED) -> pd.DataFrame:
    """Predict each sample, whatever else its row holds; a missing measurement is allowed.

    Parameters
    ----------
    missed
        Of a number: the share of outcomes that its errors are to leave outside of each interval. Another than the
        nominal one makes up for a drift, see `models.adaptive`.

    Returns
    -------
    Columns `prediction` and those of `task.answer_columns`, with the index of `samples`. Of classes: text, and
    `probability_<class>` in class order. The probabilities are calibrated; the prediction follows the model's decision
    rule, which need not choose the most probable class. Of a number: all float64; `baseline` is the mean of what was
    learned from, or what the sample has in the column that the baseline takes.
    """
    return as_predictions(model, answers(model, samples), samples, missed)


def as_predictions(
    model: Model, answered: Floats, samples: pd.DataFrame, missed: Mapping[int, float] = MISSED
) -> pd.DataFrame:
    """What `answers` or `one_of_many` gave, as `predict` returns it."""
    return _as_predictions(model.estimator, model, answered, samples, missed)


def answers(model: Model, samples: pd.DataFrame) -> Floats:
    """What the estimator itself says of each sample: the probability of each class (n, k), or of a number (n, 3)."""
    return matrix_answers(model, encode(model.inputs, samples))


def probabilities(model: Model, samples: pd.DataFrame) -> Floats:
    """The probability of each class (n, k), in class order."""
    return answers(model, samples)


def matrix_answers(model: Model, matrix: Floats) -> Floats:
    """The same as `answers` for samples that are encoded already, on one thread; where they are many, on all cores."""
    chunks = [matrix[begin : begin + CHUNK] for begin in range(0, len(matrix), CHUNK)]
    with _threads().limit(limits=1):
        if len(chunks) <= 1:
            return model.estimator.answers(matrix)
        # Trees and matrix products leave the interpreter to others, and a thread needs no copy of the model.
        with ThreadPoolExecutor(cpu_count(), initializer=partial(_threads().limit, limits=1)) as pool:
            return np.concatenate(list(pool.map(model.estimator.answers, chunks)))


def one_of_many(model: Model, answered: Floats) -> Floats:
    """One answer (n, m) a sample of those to all that it may be (n, ways, m)."""
    return _one_of_many(model.estimator, answered)


def told(model: Model, answered: Floats) -> pd.DataFrame:
    """What a person is told of answers: a column a class with its probability, or `prediction` alone."""
    return _told(model.estimator, model, answered)


@singledispatch
def _as_predictions(
    estimator: object, model: Model, answered: Floats, samples: pd.DataFrame, missed: Mapping[int, float]
) -> pd.DataFrame:
    raise NotImplementedError


@_as_predictions.register
def _class_predictions(
    estimator: Ensemble,  # noqa: ARG001 - of any classes
    model: Model,
    answered: Floats,
    samples: pd.DataFrame,
    missed: Mapping[int, float],  # noqa: ARG001 - of a number alone
) -> pd.DataFrame:
    frame = pd.DataFrame(answered, columns=probability_columns(model.classes), index=samples.index)
    decided = pd.Series(decide(model.classes, answered, model.decision), samples.index, dtype=object)
    frame.insert(0, "prediction", decided)
    return frame


@_as_predictions.register
def _number_predictions(
    estimator: NumberEnsemble,
    model: Model,  # noqa: ARG001 - of any number
    answered: Floats,
    samples: pd.DataFrame,
    missed: Mapping[int, float],
) -> pd.DataFrame:
    frame = pd.DataFrame(estimator.bounds(answered, missed), columns=bound_columns(), index=samples.index)
    frame.insert(0, "prediction", answered[:, POINT])
    return frame.assign(**{BASELINE: estimator.baseline_answers(samples)})


@singledispatch
def _one_of_many(estimator: object, answered: Floats) -> Floats:
    raise NotImplementedError


@_one_of_many.register
def _(estimator: Ensemble, answered: Floats) -> Floats:  # noqa: ARG001 - probabilities of any classes
    mean: Floats = answered.mean(axis=1)
    return mean


@_one_of_many.register
def _(estimator: NumberEnsemble, answered: Floats) -> Floats:  # noqa: ARG001 - any number
    return mixed(answered)


@singledispatch
def _told(estimator: object, model: Model, answered: Floats) -> pd.DataFrame:
    raise NotImplementedError


@_told.register
def _(estimator: Ensemble, model: Model, answered: Floats) -> pd.DataFrame:  # noqa: ARG001 - of any classes
    return pd.DataFrame(answered, columns=list(model.classes))


@_told.register
def _(estimator: NumberEnsemble, model: Model, answered: Floats) -> pd.DataFrame:  # noqa: ARG001 - of any number
    return pd.DataFrame({"prediction": answered[:, POINT]})


def decide(classes: Sequence[str], chances: Floats, rule: DecisionRule) -> npt.NDArray[np.object_]:
    """Choose a class for each row of probabilities (n, k).

    Parameters
    ----------
    rule
        `{"kind": "argmax"}`: the most probable class. `{"kind": "weights", "weights": {class: weight}}`: the class
        with the largest weight times probability. `{"kind": "cut_points", "cut_points": [...]}`, for ordered classes:
        the expected position of the class, from 0 to k-1, cut at k-1 ascending points. `{"kind": "costs", "costs":
        [[...], ...]}`: the answer of the lowest expected cost; a row a true class, a column an answer.
    """
    names = np.array(classes, dtype=object)
    if rule["kind"] == "cut_points":
        expected = chances @ np.arange(len(classes))
        return np.asarray(names[np.digitize(expected, rule["cut_points"])])
    if rule["kind"] == "costs":
        return np.asarray(names[(chances @ np.asarray(rule["costs"], dtype=np.float64)).argmin(axis=1)])
    weights = rule["weights"] if rule["kind"] == "weights" else dict.fromkeys(classes, 1.0)
    return np.asarray(names[(chances * [weights[name] for name in classes]).argmax(axis=1)])


def encode(inputs: Mapping[str, InputInfo], samples: pd.DataFrame) -> Floats:
    """The samples as a float matrix: numbers as they are, then a column of 0 and 1 for each value of each category.

    A category of many values has such columns for its most frequent ones, and one of how frequent the value is.
    NaN stands for a missing or infinite number; a missing or unknown category is 0 in all of its columns.

    Raises
    ------
    UsageError
        An input is not among the columns of `samples`.
    """
    absent = [name for name in inputs if name not in samples.columns]
    if absent:
        raise UsageError(f"The samples lack the column {', '.join(absent)}; the model needs {', '.join(inputs)}.")
    numeric = [name for name, about in inputs.items() if about["kind"] == "numeric"]
    numbers = samples[numeric].to_numpy(dtype=np.float64, na_value=np.nan)
    categories = [column for name, about in inputs.items() for column in _category_columns(samples[name], about)]
    return np.column_stack([np.where(np.isfinite(numbers), numbers, np.nan), *categories])


def columns_of_inputs(inputs: Mapping[str, Mapping[str, Any]]) -> npt.NDArray[np.int64]:
    """The number of the input that each column of `encode` belongs to, shape (columns,)."""
    names = list(inputs)
    numeric = [name for name, about in inputs.items() if about["kind"] == "numeric"]
    categories = [name for name, about in inputs.items() for _ in range(_category_width(about))]
    return np.array([names.index(name) for name in (*numeric, *categories)], dtype=np.int64)


def _category_columns(cells: pd.Series, about: InputInfo) -> list[Floats]:
    """The columns of one input that is a category (each n,); none of a number."""
    own = [cells.eq(value).to_numpy(dtype=np.float64, na_value=0.0) for value in _own_values(about)]
    if "frequencies" not in about:
        return own
    return [*own, cells.astype(object).map(about["frequencies"]).fillna(0.0).to_numpy(dtype=np.float64)]


def _category_width(about: Mapping[str, Any]) -> int:
    return len(_own_values(about)) + ("frequencies" in about)


def _own_values(about: Mapping[str, Any]) -> Sequence[str]:
    own: Sequence[str] = about.get("own", about.get("values", ()))
    return own


def fingerprint_inputs(model: Model, samples: pd.DataFrame) -> pd.Series:
    """A short text a sample that tells whether what the model saw of it has changed since.

    The same on every machine; measurements that are equal as doubles are the same.
    """
    return fingerprints(model.inputs, samples)


def fingerprints(inputs: Mapping[str, InputInfo], samples: pd.DataFrame) -> pd.Series:
    """The same from the `inputs` of a `model.json`, without the model."""
    hashes = pd.util.hash_pandas_object(pd.DataFrame(encode(inputs, samples)), index=False)
    return pd.Series([f"{value:016x}" for value in hashes], index=samples.index, dtype=object)


def save(folder: Path, estimator: AnyEnsemble, info: Mapping[str, Any]) -> None:
    """Write a model folder, completing `info` with the scikit-learn version and the checksums.

    Raises
    ------
    ModelRefused
        The estimator has a part of a type that loading would not trust.
    """
    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(estimator.parts(), folder / MODEL_FILE, compression=zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
    _refuse_untrusted(folder)
    write_info(folder, {"schema_version": SCHEMA_VERSION, **info, "scikit_learn": sklearn.__version__})


def write_info(folder: Path, info: Mapping[str, Any]) -> None:
    """Write `model.json` with the checksum of every other file of the folder, and one of itself."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != INFO_FILE)
    about = {key: value for key, value in info.items() if key != "checksum"}
    whole = {**about, "sha256": {path.name: _sha256(path) for path in files}}
    text = json.dumps({**whole, "checksum": checksum(whole)}, indent=1, allow_nan=False)
    (folder / INFO_FILE).write_text(text + "\n", encoding="utf-8")


def load(folder: Path) -> Model:
    """Verify a model folder and load it.

    Files that only a person reads may be left out of a copy of the folder; what is there must be as it was saved.

    Raises
    ------
    ModelRefused
        A file is missing or was changed, or the model was made by another version of scikit-learn, or holds a type
        that is not trusted, or does not fit its own description.
    """
    info = read_verified(folder)
    if info["scikit_learn"] != sklearn.__version__:
        raise ModelRefused(
            f"The model in {folder} was made by scikit-learn {info['scikit_learn']} and this is {sklearn.__version__}. "
            f"Install scikit-learn {info['scikit_learn']}, or train again: python -m pipelines train {info['task']}"
        )
    estimator = _load_estimator(folder, outcome_kind(info))
    _check_fit(folder, info, estimator)
    return Model(
        task=info["task"],
        version=info.get("version", 0),
        classes=tuple(info["classes"]),
        inputs=info["inputs"],
        decision=info["decision"],
        estimator=estimator,
        info=info,
    )


def outcome_kind(info: ModelInfo) -> str:
    """What a version predicts: `classes`, as all did before there was another kind, or `number`."""
    return info["outcome"]["kind"] if "outcome" in info else Classes.kind


def read_verified(folder: Path) -> ModelInfo:
    """The `model.json` of a model folder whose files are all as they were saved, or `ModelRefused`."""
    info = read_info(folder)
    for name, expected in {MODEL_FILE: "", **info["sha256"]}.items():
        _check_file(folder, name, expected)
    return info


def read_info(folder: Path) -> ModelInfo:
    """The `model.json` of a model folder, verified against its own checksum.

    Raises
    ------
    ModelRefused
        It is missing, no JSON, incomplete, or was changed.
    """
    try:
        info = parse_model((folder / INFO_FILE).read_bytes())
        demand(info, TO_PREDICT)
    except OSError as error:
        raise ModelRefused(f"There is no readable {INFO_FILE} in {folder}. {_remedy()}") from error
    except Damaged as error:
        raise ModelRefused(f"{folder / INFO_FILE} is damaged: {error}. {_remedy()}") from error
    return info


def _check_file(folder: Path, name: str, expected: str) -> None:
    path = folder / name
    if not path.is_file():
        if name == MODEL_FILE:
            raise ModelRefused(f"{path} is missing. {_remedy()}")
    elif _sha256(path) != expected:
        if name not in FOR_PEOPLE:
            raise ModelRefused(f"{path} was changed after it was saved: its checksum differs. {_remedy()}")
        log.warning("%s was changed after it was saved. The model is used all the same: only people read it.", path)


def _refuse_untrusted(folder: Path) -> None:
    strange = _untrusted(folder)
    if strange:
        raise ModelRefused(
            f"{folder / MODEL_FILE} holds {', '.join(strange)}, which is not trusted; only {', '.join(TRUSTED)} is. "
            f"{_remedy()}"
        )


def _untrusted(folder: Path) -> list[str]:
    try:
        types: Iterable[str] = skops.io.get_untrusted_types(file=folder / MODEL_FILE)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, RecursionError) as error:
        raise ModelRefused(f"{folder / MODEL_FILE} is no skops file. {_remedy()}") from error
    return sorted(set(types) - set(TRUSTED))


def _load_estimator(folder: Path, kind: str) -> AnyEnsemble:
    try:
        return KINDS[kind](**skops.io.load(folder / MODEL_FILE, trusted=list(TRUSTED)))
    except UntrustedTypesFoundException:
        # Reading takes half as long without asking beforehand: skops itself makes nothing of such a type.
        _refuse_untrusted(folder)
        raise
    except (zipfile.BadZipFile, OSError) as error:
        raise ModelRefused(f"{folder / MODEL_FILE} is no skops file. {_remedy()}") from error
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise ModelRefused(f"{folder / MODEL_FILE} cannot be loaded: {error}. {_remedy()}") from error


def _check_fit(folder: Path, info: ModelInfo, estimator: AnyEnsemble) -> None:
    width = len(columns_of_inputs(info["inputs"]))
    size, columns = _size(estimator), len(estimator.fill)
    if size != len(info["classes"]) or columns != width:
        raise ModelRefused(
            f"The model in {folder} has {size} classes and {columns} columns, "
            f"but its {INFO_FILE} says {len(info['classes'])} and {width}. {_remedy()}"
        )


@singledispatch
def _size(estimator: object) -> int:
    """How many classes it tells apart."""
    raise NotImplementedError


@_size.register
def _(estimator: Ensemble) -> int:
    return estimator.size


@_size.register
def _(estimator: NumberEnsemble) -> int:  # noqa: ARG001 - a number has none
    return 0


def _remedy() -> str:
    return "Take the version from the store again, promote another one, or train a new one."


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _threads() -> ThreadpoolController:
    # Looking for the thread pools of the process takes longer than predicting one row.
    return ThreadpoolController()
