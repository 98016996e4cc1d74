"""The long form: `make faults` does every harm at every step, and prints what came of it as a table."""

import argparse
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from types import ModuleType

from tests.faults import moving, verbs, work
from tests.faults.harm import Outcome, errors, kills, power_cuts, undisturbed
from tests.faults.machine import Machine, compiled

WORK = {"writes": work, "verbs": verbs, "copy": moving}


def main() -> int:
    """Run it; 1 where a harm left anything in trouble."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth step (default: 1)")
    parser.add_argument("--only", choices=("cuts", "kills", "errors"), help="only this kind of harm")
    parser.add_argument("--of", choices=WORK, help="only the store's own writes, whole verbs, or the copy of a store")
    options = parser.parse_args()
    logging.getLogger("pipelines").setLevel(logging.ERROR)
    chosen = [each for name, each in WORK.items() if options.of in (None, name)]
    return max(run(each, options.every, options.only) for each in chosen)


def run(work: ModuleType, every: int, only: str | None) -> int:
    """Do the harms of one kind of work, or `only` one kind of harm."""
    with tempfile.TemporaryDirectory() as name, Machine(compiled(Path(name)), work, Path(name)) as machine:
        normal = undisturbed(machine)
        print(f"{work.__doc__.splitlines()[0]}\n{sum(1 for _ in normal.steps(1))} steps\n")
        kinds = {"cuts": power_cuts, "kills": kills, "errors": errors}
        harms = [harm for kind, harm in kinds.items() if only in (None, kind)]
        return report(chain(*(harm(machine, normal, every) for harm in harms)))


def report(outcomes: Iterable[Outcome]) -> int:
    """Print how many harms there were and how many left trouble, piece by piece; then the first troubles."""
    done: Counter[tuple[str, str]] = Counter()
    troubles: list[Outcome] = []
    for outcome in outcomes:
        done.update([(outcome.piece, outcome.harm), ("all", outcome.harm)])
        troubles += [outcome] if outcome.trouble else []
    bad = Counter(key for trouble in troubles for key in ((trouble.piece, trouble.harm), ("all", trouble.harm)))
    pieces, harms = (list(dict.fromkeys(key[place] for key in done)) for place in (0, 1))
    lines = [["in trouble of done", *harms], ["---"] * (len(harms) + 1)]
    lines += [[piece, *(f"{bad[piece, harm]} of {done[piece, harm]}" for harm in harms)] for piece in pieces]
    for line in lines:
        print("| " + " | ".join(line) + " |")
    for trouble in troubles[:20]:
        print(f"\n{trouble.piece}, step {trouble.step}, {trouble.harm}: {trouble.trouble}")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
