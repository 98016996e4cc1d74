"""Where new samples come from. A kind that is listed here is known to every pipeline, page and command."""

from pipelines.datasets.arrivals.fetched import FetchedSamples, RecordedSamples
from pipelines.datasets.arrivals.kind import NO_SCENARIO, ArrivalsKind, Due
from pipelines.datasets.arrivals.replayed import Replayed
from pipelines.datasets.arrivals.simulated import SCENARIOS, Simulated
from pipelines.datasets.spec import DataSet

__all__ = [
    "ARRIVALS", "ARRIVED", "DERIVED", "FETCH", "HISTORICAL", "NO_SCENARIO", "ORIGINS", "RECORD", "SCENARIOS",
    "TRAINING", "ArrivalsKind", "Due", "kinds_of", "origins_of",
]  # fmt: skip

FETCH, RECORD = FetchedSamples(), RecordedSamples()
# The kinds by the name that a person asks for, the default first.
ARRIVALS: dict[str, ArrivalsKind] = {kind.name: kind for kind in (Simulated(), Replayed(), FETCH, RECORD)}

HISTORICAL = "historical"
# What the column `origin` can say: of rows that arrived, of all, of those that may train, of those made of the reserve.
ARRIVED = tuple(kind.origin for kind in ARRIVALS.values())
ORIGINS = (HISTORICAL, *ARRIVED)
TRAINING = tuple(kind.origin for kind in ARRIVALS.values() if kind.trains)
DERIVED = tuple(kind.origin for kind in ARRIVALS.values() if kind.derived)


def kinds_of(dataset: DataSet) -> tuple[str, ...]:
    """The kinds in which samples of a data set can come, the usual one first."""
    sent = tuple(kind.name for kind in (FETCH, RECORD) if kind.declared(dataset))
    return sent or tuple(name for name in ARRIVALS if name not in (FETCH.name, RECORD.name))


def origins_of(dataset: DataSet) -> tuple[str, ...]:
    """What the arrivals of a data set can say in their column `origin`."""
    return tuple(ARRIVALS[name].origin for name in kinds_of(dataset))
