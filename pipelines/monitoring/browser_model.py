"""Prediction on the static page: the champion as a script that the page loads, and what its form has to know."""

import base64
import json
import logging
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from pipelines import models
from pipelines.datasets import Task
from pipelines.datasets.contract import allowed_range
from pipelines.datasets.spec import Feature
from pipelines.documents import Damaged, parse, plain
from pipelines.documents.values import checksum, refuse_changed
from pipelines.errors import ModelRefused, NotPortable
from pipelines.stores.base import Store
from pipelines.stores.catalogue import describe_readable, load_version
from pipelines.wording import typical_range

Form = dict[str, Any]

FOLDER = "site/models/"
# Raise it when the script or the form changes its shape: they are made again only for another model or another shape.
FORMAT = 2
# Finer digits of a sample are noise of its conversion: a file may say 0.09699999999999999 for 0.097.
DIGITS_SHOWN = 10
# What somebody on a phone may be asked to load for one model: bytes on the wire, compressed.
LARGEST = 3_000_000
HARD = 7  # of zlib: 9 takes four times as long for a two hundredth less
NO_ZLIB_HEADER = -15
REFUSED = "It is damaged, or was made by software that this system no longer has; the next training replaces it."

log = logging.getLogger(__name__)


def browser_files(store: Store, task: Task, champion: int | None, history: pd.DataFrame) -> dict[str, bytes]:
    """The files of the form of a task that are to be put anew, in this order; none without a champion or for the same.

    Parameters
    ----------
    history
        Historical rows of the data set. The form begins with one of the role `test`, which no version ever learns.
    """
    if champion is None:
        return {}
    described, _ = describe_readable(store, task, champion)
    key = {"format": FORMAT, "version": champion, "model": described.get("checksum")}
    stored = form_of(store, task.name) or {}
    if not stored.get("refusal", True) and key == {name: stored.get(name) for name in key}:
        return {}
    try:
        model = load_version(store, task, champion, models.load)
        script = model_script(model)
    except ModelRefused as error:
        log.warning("%s: no form on the page: %s", task.name, error)
        return {_form_file(task.name): _json(key | {"refusal": REFUSED})}
    except NotPortable as error:
        return {_form_file(task.name): _json(key | {"refusal": str(error)})}
    form = key | {"refusal": "", "size": len(script)} | form_document(task, model, history)
    # The form last: it tells the next run that the script is there.
    return {f"{FOLDER}{task.name}.js": script, _form_file(task.name): _json(form)}


def form_of(store: Store, task: str) -> Form | None:
    """What the page has to know to show the form of a task; None where nothing was made yet that can be read."""
    try:
        form = parse(store.get_file(_form_file(task)) or b"", Form)
        refuse_changed(form)
    except Damaged:
        return None
    return form


def model_script(model: "models.Model") -> bytes:
    """A script that hands the model to the page: its structure as JSON, its numbers deflated and in base64.

    A script and no data file, because a page that was opened from disk may load nothing else.

    Raises
    ------
    NotPortable
        The model is of a kind that runs in Python only, or too large for a page.
    """
    from pipelines.models.portable import portable

    structure, numbers = portable(model.estimator)
    packer = zlib.compressobj(HARD, zlib.DEFLATED, NO_ZLIB_HEADER)
    packed = packer.compress(numbers) + packer.flush()
    if len(packed) > LARGEST:
        raise NotPortable(
            f"The model takes {len(packed) / 1e6:.1f} MB; a page loads no more than {LARGEST / 1e6:g} MB."
        )
    arguments = json.dumps([model.task, structure, base64.b64encode(packed).decode()], separators=(",", ":"))
    return f"receiveModel(...{arguments});\n".encode()


def form_document(task: Task, model: "models.Model", history: pd.DataFrame) -> Form:
    """The inputs with what is allowed and usual, the decision rule, and a real sample of each class to begin with."""
    features = [task.dataset.feature(name) for name in model.inputs]
    form: Form = plain(
        {
            # Another model has another address, so that no browser takes it for the one that it has kept.
            "script": f"{FOLDER.removeprefix('site/')}{task.name}.js?{str(model.info['checksum'])[:12]}",
            "inputs": [_input(feature, model.inputs[feature.name]) for feature in features],
            "classes": model.classes,
            "examples": _examples(task, history),
        }
    )
    # A weight or a cut point must stay as it is, digit by digit.
    return form | {"decision": dict(model.decision)}


def _input(feature: Feature, about: Mapping[str, Any]) -> Form:
    seen = {name: about.get(name) for name in ("min", "max", "median", "seen", "own", "frequencies")}
    unit = "" if feature.unit == feature.title else feature.unit
    low, high = about.get("p01"), about.get("p99")
    typical = "" if low is None or high is None else typical_range(low, high)
    return asdict(feature) | {"unit": unit, "allowed": allowed_range(feature), "typical": typical} | seen


def _examples(task: Task, history: pd.DataFrame) -> list[Form]:
    kept = history[history["role"] == "test"].sort_values("sample_id")
    first = kept.assign(_label=task.labels(kept)).drop_duplicates("_label").set_index("_label")
    # A missing cell of a text column is no None in every version of pandas.
    inputs = first[list(task.inputs)].round(DIGITS_SHOWN)
    values = inputs.astype(object).where(inputs.notna(), None)
    return [
        {"label": label, "sample_id": first.loc[label, "sample_id"], "values": values.loc[label].to_dict()}
        for label in task.classes
        if label in first.index
    ]


def _form_file(task: str) -> str:
    return f"{FOLDER}{task}.json"


def _json(form: Form) -> bytes:
    # What is changed after that would fall over the page, with the forms of all other tasks.
    told = form | {"checksum": checksum(form)}
    return json.dumps(told, sort_keys=True, indent=1, allow_nan=False).encode()
