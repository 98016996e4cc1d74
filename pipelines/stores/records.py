"""Data sets that have a record: they count where the store has it, or where their source is asked for a place."""

from pipelines.datasets import activate, found_datasets
from pipelines.stores.base import Store
from pipelines.stores.catalogue import source_file


def leave_out_records(store: Store, *, place: str) -> None:
    """Let a data set that has a record count only where it has been played, or is fetched for a place.

    So nothing asks the internet for anything that nobody has set up, and no page waits for what will never come.
    """
    datasets = found_datasets()
    idle = {each.name for each in datasets if each.record and not place and store.get_file(source_file(each)) is None}
    activate([each.name for each in datasets if each.name not in idle])
