"""What both stores do to the rows that they are given, before they look at what is there."""

import pandas as pd

from pipelines.errors import SchemaMismatch, StoreError
from pipelines.stores.base import FeatureGroup, conform, latest_per_key


def checked_batch(group: FeatureGroup, rows: pd.DataFrame) -> pd.DataFrame:
    """The last row of each key, typed and sorted, or an error that names what does not fit.

    Raises
    ------
    SchemaMismatch
        `rows` lack a column, or have values that do not fit a column's type.
    StoreError
        A row has no key or no event time.
    """
    missing = [name for name in group.column_names if name not in rows.columns]
    if missing:
        raise SchemaMismatch(f"The rows for {group.name} lack {', '.join(missing)}; give every column of the group.")
    try:
        batch = conform(latest_per_key(rows, group), group)
    except (TypeError, ValueError) as error:
        raise SchemaMismatch(f"The rows for {group.name} do not fit its columns: {error}.") from error
    texts = [column.name for column in group.columns if column.type == "string"]
    wrong = [name for name in texts if not batch[name].map(lambda value: value is None or isinstance(value, str)).all()]
    if wrong:
        raise SchemaMismatch(f"The rows for {group.name} do not fit its columns: {', '.join(wrong)} must be text.")
    empty = [name for name in group.order if batch[name].isna().any()]
    if empty:
        raise StoreError(f"Some rows for {group.name} have no {' and no '.join(empty)}; each row needs one.")
    return batch


def differing(batch: pd.DataFrame, present: pd.DataFrame, group: FeatureGroup) -> pd.DataFrame:
    """The rows of `batch` that are not in `present` (append-only groups: whose key is not)."""
    same = list(group.key) if group.append_only else group.column_names
    both = pd.concat([present[same], batch[same]], ignore_index=True) if len(present) else batch[same]
    return batch[~both.duplicated(same).to_numpy()[len(both) - len(batch) :]]
