"""How well a task does on what arrived, whichever kind of outcome it predicts."""

from functools import singledispatch
from typing import Any

from pipelines.datasets.outcomes import Classes, Number
from pipelines.monitoring import number_quality, quality
from pipelines.monitoring.ledger import Ledger


def live_scores(ledger: Ledger) -> dict[str, Any]:
    """The scores of the version in charge on what has turned out, as `quality.live_quality` gives them."""
    return _live_scores(ledger.task.outcome, ledger)


@singledispatch
def _live_scores(outcome: object, ledger: Ledger) -> dict[str, Any]:
    raise NotImplementedError


@_live_scores.register
def _(outcome: Classes, ledger: Ledger) -> dict[str, Any]:  # noqa: ARG001 - of any classes
    return quality.live_quality(ledger)


@_live_scores.register
def _(outcome: Number, ledger: Ledger) -> dict[str, Any]:  # noqa: ARG001 - of any number
    version = ledger.in_charge
    return number_quality.live_quality(ledger.task, number_quality.settled_rows(ledger.rows, version), version)
