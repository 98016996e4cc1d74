"""Where new samples come from. A kind that is listed here is known to every pipeline, page and command."""

from pipelines.datasets.arrivals.kind import NO_SCENARIO, ArrivalsKind, Due
from pipelines.datasets.arrivals.replayed import Replayed
from pipelines.datasets.arrivals.simulated import SCENARIOS, Simulated

__all__ = [
    "ARRIVALS", "ARRIVED", "DERIVED", "HISTORICAL", "NO_SCENARIO", "ORIGINS", "SCENARIOS", "TRAINING", "ArrivalsKind",
    "Due",
]  # fmt: skip

# The kinds by the name that a person asks for, the default first.
ARRIVALS: dict[str, ArrivalsKind] = {kind.name: kind for kind in (Simulated(), Replayed())}

HISTORICAL = "historical"
# What the column `origin` can say: of rows that arrived, of all, of those that may train, of those made of the reserve.
ARRIVED = tuple(kind.origin for kind in ARRIVALS.values())
ORIGINS = (HISTORICAL, *ARRIVED)
TRAINING = tuple(kind.origin for kind in ARRIVALS.values() if kind.trains)
DERIVED = tuple(kind.origin for kind in ARRIVALS.values() if kind.derived)
