"""Feature views: what a task reads, so that training data and lineage can be seen in Hopsworks."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from pipelines.stores.base import FeatureView
from pipelines.stores.hopsworks.failures import is_empty_group, status_of
from pipelines.stores.hopsworks.handles import Handle

# Models learn from these rows only, in every data set.
TRAINING_COLUMN, TRAINING_VALUE = "role", "train"

# The client would begin at 1970, and leave out the flowers of 1936.
FIRST_TIME = datetime(1900, 1, 1)  # noqa: DTZ001 - the client takes naive times as UTC


@dataclass(frozen=True)
class Lineage:
    """Where a model comes from: the client's feature view, the version of its training data, and one sample."""

    view: Handle
    training_data: int | None
    example: dict[str, Any] | None


def record_lineage(features: Handle, view: FeatureView, group: Handle) -> Lineage:
    """The feature view of a task with a new training dataset, which Hopsworks then shows beside the model.

    Parameters
    ----------
    features
        The client's feature store.
    group
        The client's handle of the feature group of `view`.
    """
    remote = _find_or_create(features, view, group)
    only = group[TRAINING_COLUMN] == TRAINING_VALUE if TRAINING_COLUMN in view.group.column_names else None
    try:
        rows, _ = remote.training_data(
            start_time=FIRST_TIME, extra_filter=only, statistics_config=False, description=view.description
        )
    except Exception as error:
        if not is_empty_group(error):
            raise
        return Lineage(remote, None, None)
    example = rows[list(view.inputs)].iloc[0].to_dict() if len(rows) else None
    return Lineage(remote, remote.get_last_accessed_training_dataset(), example)


def _find_or_create(features: Handle, view: FeatureView, group: Handle) -> Handle:
    """The newest version of the feature view, or a new one where its definition is another than what is asked."""
    for _ in range(2):
        newest = max(_versions(features, view.name), key=lambda each: each.version, default=None)
        if newest is not None and _definition(newest) == _asked(view, group):
            return newest
        version = 1 if newest is None else newest.version + 1
        try:
            return features.create_feature_view(
                name=view.name,
                version=version,
                description=view.description,
                query=group.select(_columns(view)),
                labels=[view.label],
            )
        except Exception as error:
            # Another process may have created that version since we looked.
            if status_of(error) != HTTPStatus.BAD_REQUEST:
                raise
            refused = error
    raise refused


def _versions(features: Handle, name: str) -> list[Any]:
    try:
        return list(features.get_feature_views(name))
    except Exception as error:
        if status_of(error) == HTTPStatus.NOT_FOUND:
            return []
        raise


def _columns(view: FeatureView) -> list[str]:
    return list(dict.fromkeys([*view.inputs, view.label]))


def _asked(view: FeatureView, group: Handle) -> tuple[int, list[tuple[str, bool]]]:
    return group.id, [(name, name == view.label) for name in _columns(view)]


def _definition(remote: Handle) -> tuple[int | None, list[tuple[str, bool]]]:
    """The group that a feature view reads, and its columns with what is the label."""
    columns = [(feature.name, bool(feature.label)) for feature in remote.features]
    groups = {feature.feature_group.id for feature in remote.features if feature.feature_group is not None}
    return (groups.pop() if len(groups) == 1 else None), columns
