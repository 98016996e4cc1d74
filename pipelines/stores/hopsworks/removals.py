"""Removing rows from a feature group, for which the client has a way from inside a cluster only."""

from datetime import datetime

import pandas as pd

from pipelines.stores.base import FeatureGroup
from pipelines.stores.hopsworks.connection import operation
from pipelines.stores.hopsworks.files import StoredFiles
from pipelines.stores.hopsworks.groups import FeatureGroups
from pipelines.stores.rows import as_parquet, from_parquet


class Removals(FeatureGroups, StoredFiles):
    """Feature groups from which rows can be removed."""

    @operation("remove rows of {}")
    def remove(self, group: FeatureGroup, start: datetime) -> None:
        """Clear the group and write the rows before `start` again, from a copy that stays until all of them are there.

        Where this is broken off, calling it again goes on with the copy.
        """
        copy = f"set_aside/kept/{group.name}.parquet"
        saved = self.get_file(copy)
        if not saved and self.read(group, start=start, columns=group.order).empty:
            return
        there = self.read(group, end=start)
        kept = pd.concat([there, from_parquet(saved)], ignore_index=True) if saved else there
        self.put_file(copy, as_parquet(kept))
        self.clear(group)
        self.upsert(group, kept)
        self.put_file(copy, b"")
