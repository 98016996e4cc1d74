"""The champion log of the Hopsworks store.

Each move adds a file with the whole log, `champions/<task>/000017.json`, and the highest number counts. Such a file is
created only if there is none of that name, so of two processes that move the same champion one is told so. The
tag `champion` on the model version is for people; what counts is the log.
"""

import json
import logging
import uuid

from pipelines.documents import parse
from pipelines.documents.champions import ChampionLogFile
from pipelines.errors import ChampionMoved, NotFound, StoreError
from pipelines.stores.base import ChampionEntry, champion_entry, champion_fields
from pipelines.stores.hopsworks.connection import operation
from pipelines.stores.hopsworks.failures import status_of
from pipelines.stores.hopsworks.files import StoredFiles
from pipelines.stores.hopsworks.folders import HOME
from pipelines.stores.hopsworks.handles import Handle

TAG = "champion"

_logger = logging.getLogger(__name__)


class ChampionLog(StoredFiles):
    """Who was made champion of a task, when, by whom and why."""

    def champion(self, task: str) -> ChampionEntry | None:
        """The newest entry of the champion log; None where there is none or it withdrew the champion."""
        log = self.champion_log(task)
        return log[-1] if log and log[-1].version is not None else None

    def champion_log(self, task: str) -> list[ChampionEntry]:
        """All entries of the champion log, oldest first."""
        return self._newest_log(task)[1]

    def move_champion(self, entry: ChampionEntry, expected: int | None) -> None:
        """Append `entry` to the log if the champion is still `expected`; see `Store.move_champion`."""
        number, log = self._newest_log(entry.task)
        if entry.version is not None:
            self._check_registered(entry.task, entry.version)
        content = {"nonce": uuid.uuid4().hex, "log": [champion_fields(each) for each in [*log, entry]]}
        path = f"{HOME}/champions/{entry.task}/{number + 1:06}.json"
        if _version(log) != expected or not self._create_file(path, json.dumps(content, indent=2).encode()):
            champion = self.champion(entry.task)
            raise ChampionMoved(
                f"The champion of {entry.task} is version {champion.version if champion else None}, not {expected}: "
                "another run moved it; look at it and promote again."
            )
        try:
            self._show(entry.task, entry, [each.version for each in log if each.version is not None])
        except StoreError as error:
            # The move counts already, and the next one puts the tags right.
            _logger.warning("The champion of %s was moved, but not tagged: %s", entry.task, error)

    @operation("create the file {}")
    def _create_file(self, path: str, content: bytes) -> bool:
        return self.folders.create(path, content)

    @operation("read the champion log of {}")
    def _newest_log(self, task: str) -> tuple[int, list[ChampionEntry]]:
        """The highest number and the log in it."""
        folder = f"{HOME}/champions/{task}"
        numbers = [int(name[:-5]) for name in self.folders.names(folder) if name.endswith(".json")]
        if not numbers:
            return 0, []
        path = f"{folder}/{max(numbers):06}.json"
        try:
            log = parse(self.folders.read(path) or b"", ChampionLogFile)["log"]
            return max(numbers), [champion_entry(task, fields) for fields in log]
        except ValueError as error:
            raise StoreError(
                f"{path} in {self.location} is damaged ({error}); remove it in Hopsworks under Files, "
                "and the move before it counts again."
            ) from error

    @operation("look for a version of {}")
    def _check_registered(self, task: str, version: int) -> None:
        if self._model(task, version) is None:
            raise NotFound(f"{task} has no version {version} in {self.location}; register it first.")

    @operation("tag the champion of {}")
    def _show(self, task: str, entry: ChampionEntry, former: list[int]) -> None:
        """Tag the champion, for people who look at the registry, and nothing else."""
        for version in sorted({*former} - {entry.version}):
            model = self._model(task, version)
            if model is not None and TAG in model.get_tags():
                model.delete_tag(TAG)
        if entry.version is None:
            return
        model, value = self._model(task, entry.version), champion_fields(entry)
        try:
            model.add_tag(TAG, value)
        except Exception as error:
            if status_of(error) not in (400, 404):
                raise
            _create_tag_schema()
            model.add_tag(TAG, value)

    def _model(self, task: str, version: int) -> Handle:
        """The client's handle of a model version, or None; without a number the client would give version 1."""
        return self.connection.models.get_model(task, version=version)


def _create_tag_schema() -> None:
    """Make the tag known to the cluster, which refuses unknown ones; only its administrators may do that."""
    from hopsworks_common.core.tag_schemas_api import TagSchemasApi  # noqa: PLC0415 - loaded when it is used

    properties = {"version": {"type": "integer"}, **{name: {"type": "string"} for name in ("when", "who", "reason")}}
    try:
        TagSchemasApi().create(TAG, {"type": "object", "properties": properties})
    except PermissionError as error:
        raise StoreError(
            f"the cluster has no tag schema {TAG!r}; ask an administrator to add it (Cluster settings, Tags)"
        ) from error


def _version(log: list[ChampionEntry]) -> int | None:
    return log[-1].version if log else None
