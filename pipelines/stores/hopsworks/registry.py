"""The model registry of the Hopsworks store."""

import json
import math
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from pipelines.documents import Damaged
from pipelines.documents.model import ModelInfo, parse_model
from pipelines.errors import NotFound, StoreError, VersionTaken
from pipelines.stores.base import FeatureView, check_name
from pipelines.stores.hopsworks.champions import ChampionLog
from pipelines.stores.hopsworks.claims import claimed
from pipelines.stores.hopsworks.connection import operation
from pipelines.stores.hopsworks.definitions import column_description
from pipelines.stores.hopsworks.folders import Folders
from pipelines.stores.hopsworks.groups import FeatureGroups
from pipelines.stores.hopsworks.handles import Handle
from pipelines.stores.hopsworks.patience import Incomplete
from pipelines.stores.hopsworks.views import Lineage, record_lineage

INFO = "model.json"

# The client looks after five seconds whether the version is there; with less it fails after all is done.
AWAIT_SECONDS = 5


class ModelRegistry(FeatureGroups, ChampionLog):
    """Models with everything that lies in their folder, and where they come from."""

    @operation("register the model {}")
    def register(self, view: FeatureView, version: int, folder: Path) -> None:
        """Upload a complete model folder and register it as a version; see `Store.register`.

        A version appears when all of its files are there. What a process left that was killed on the way is
        cleared away by the next that registers this version.
        """
        check_name(view.name)
        if not (folder / INFO).is_file():
            raise StoreError(f"{folder} has no {INFO}, so it is no complete model folder; train the model again.")
        info = json.loads((folder / INFO).read_bytes())
        with claimed(self.folders, view.name, version):
            if self._is_whole(view.name, version):
                raise VersionTaken(f"Version {version} of {view.name} is registered already; register the next one.")
            self._remove_remains(view.name, version)
            group = self._find(view.group) or self._create_group(view.group)
            lineage = record_lineage(self.connection.features, view, group)
            self._save(view, version, folder, info, lineage)

    @operation("list the versions of {}")
    def versions(self, task: str) -> list[int]:
        """The registered versions of a task whose files are there, ascending."""
        check_name(task)
        return sorted(self._registered(task) & self._stored(task))

    @operation("describe the model {}")
    def describe(self, task: str, version: int) -> ModelInfo:
        """The `model.json` of a version, or `NotFound`."""
        content = self.folders.read(f"{_files(task, version)}/{INFO}") if self._is_whole(task, version) else None
        if content is None:
            raise self._not_found(task, version)
        try:
            return parse_model(content)
        except Damaged as error:
            raise StoreError(
                f"The {INFO} of version {version} of {task} in {self.location} is damaged ({error}); "
                "promote another version or train a new one."
            ) from error

    @operation("download the model {}")
    def download(self, task: str, version: int, to: Path) -> Path:
        """Copy a version's files into the new folder `to` and return it, or raise `NotFound`."""
        if to.exists():
            raise StoreError(f"{to} exists already; give the name of a folder that does not exist.")
        model = self._model(task, version) if self._is_whole(task, version) else None
        if model is None:
            raise self._not_found(task, version)
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as temporary:
            # Without a path the client takes what it downloaded for another project of the same name.
            received = Path(temporary) / "files"
            received.mkdir()
            model.download(local_path=str(received))
            _check_sizes(self.folders, _files(task, version), received)
            shutil.move(received, to)
        return to

    def _save(self, view: FeatureView, version: int, folder: Path, info: dict[str, Any], lineage: Lineage) -> None:
        from hopsworks_common.client.exceptions import DatasetException  # noqa: PLC0415 - the client is loaded when used

        model = self.connection.models.python.create_model(
            name=view.name,
            version=version,
            metrics=numbers(info.get("metrics", {})),
            description=view.description,
            input_example=lineage.example,
            model_schema=_schema(view),
            feature_view=lineage.view,
            training_dataset_version=lineage.training_data,
        )
        try:
            model.save(str(folder.absolute()), await_registration=AWAIT_SECONDS, keep_original_files=True)
        except DatasetException as error:
            # The client uploads in threads of its own: one of an attempt that timed out may still have been at it.
            raise Incomplete(f"{_files(view.name, version)} was written to meanwhile: {error}") from error
        _check_sizes(self.folders, _files(view.name, version), folder)

    def _remove_remains(self, task: str, version: int) -> None:
        model = self._model(task, version)
        if model is not None:
            model.delete()
        self.folders.remove(f"Models/{task}/{version}")

    def _is_whole(self, task: str, version: int) -> bool:
        """Whether a version is registered and its files are there; either can be missing after a crash."""
        check_name(task)
        return self.folders.exists(_files(task, version)) and self._model(task, version) is not None

    def _registered(self, task: str) -> set[int]:
        return {int(model.version) for model in self.connection.models.get_models(task)}

    def _stored(self, task: str) -> set[int]:
        names = self.folders.names(f"Models/{task}")
        return {int(name) for name in names if name.isascii() and name.isdigit()}

    def _not_found(self, task: str, version: int) -> NotFound:
        registered = ", ".join(map(str, sorted(self._registered(task) & self._stored(task)))) or "none"
        return NotFound(f"{task} has no version {version} in {self.location}; its versions are: {registered}.")


def numbers(metrics: Handle, prefix: str = "") -> dict[str, float]:
    """Metrics as the registry takes them: one finite number a name; `{"f1": {"value": 1}}` becomes `f1`."""
    values: dict[str, float] = {}
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        full = re.sub(r"\W", "_", prefix if name == "value" and prefix else f"{prefix}_{name}".strip("_"))
        if isinstance(value, dict):
            values |= numbers(value, full)
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            values[full] = float(value)
    return values


def _schema(view: FeatureView) -> Handle:
    from hsml.model_schema import ModelSchema  # noqa: PLC0415 - the client is loaded when it is used
    from hsml.schema import Schema  # noqa: PLC0415 - the same

    columns = {column.name: column for column in view.group.columns}

    def described(names: tuple[str, ...]) -> Handle:
        fields = [
            {"name": name, "type": columns[name].type, "description": column_description(columns[name])}
            for name in names
        ]
        return Schema(fields)

    return ModelSchema(input_schema=described(view.inputs), output_schema=described((view.label,)))


def _files(task: str, version: int) -> str:
    return f"Models/{task}/{version}/Files"


def _check_sizes(folders: Folders, remote: str, local: Path) -> None:
    """See that every file of a local folder and of a remote one has the same size on both sides."""
    here = {f"{remote}/{path.relative_to(local).as_posix()}": path for path in local.rglob("*") if path.is_file()}
    there = set(folders.walk(remote))
    wrong = sorted({*here} ^ there)
    wrong += sorted(path for path in here if path in there and folders.size(path) != here[path].stat().st_size)
    if wrong:
        raise Incomplete(f"{', '.join(wrong)} did not arrive whole")
