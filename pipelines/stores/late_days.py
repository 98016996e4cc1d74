"""Days that were filled after later ones were: inference would not look so far back for what is not predicted."""

import json
from datetime import UTC, date, datetime

from pipelines.datasets import DataSet
from pipelines.errors import StoreError
from pipelines.stores.base import Store

# A year of them, each a line; an older one was predicted long ago.
MOST_NOTED = 366


def note_late_day(store: Store, dataset: DataSet, day: date, now: datetime) -> None:
    """Remember that samples of a day came late, at `now`; before they are written, so that none is forgotten."""
    noted = _noted(store, dataset) | {day.isoformat(): now.isoformat()}
    newest = sorted(noted.items(), key=lambda note: note[1])[-MOST_NOTED:]
    store.put_file(_file(dataset), json.dumps(dict(newest), indent=2).encode())


def late_days(store: Store, dataset: DataSet, since: datetime) -> list[date]:
    """The days whose samples came late, and not before `since`; oldest first."""
    noted = _noted(store, dataset)
    return sorted(date.fromisoformat(day) for day, when in noted.items() if datetime.fromisoformat(when) >= since)


def _noted(store: Store, dataset: DataSet) -> dict[str, str]:
    content = store.get_file(_file(dataset))
    if content is None:
        return {}
    try:
        noted = {
            date.fromisoformat(day).isoformat(): datetime.fromisoformat(when).astimezone(UTC).isoformat()
            for day, when in json.loads(content).items()
        }
    except (ValueError, OverflowError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"The file {_file(dataset)} in {store.location} is damaged. Remove it, and fill the days that came late "
            f"again: python -m pipelines features {dataset.name} --date DAY"
        ) from error
    return noted


def _file(dataset: DataSet) -> str:
    return f"late/{dataset.name}.json"
