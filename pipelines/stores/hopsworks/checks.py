"""Can Hopsworks be used? What a scheduled run needs of it, tried one after the other."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pandas as pd

from pipelines.errors import PipelineError, StoreError
from pipelines.settings import Settings
from pipelines.stores.base import Column, FeatureGroup
from pipelines.stores.hopsworks.connection import operation
from pipelines.stores.hopsworks.files import StoredFiles
from pipelines.stores.hopsworks.folders import HOME
from pipelines.stores.hopsworks.groups import FeatureGroups
from pipelines.stores.hopsworks.queries import require_query_service

# Brokers answer in milliseconds; this is for a slow TLS handshake across an ocean.
BROKER_SECONDS = 5.0

Outcome = tuple[str, bool, str]


def checks(settings: Settings) -> Iterator[Outcome]:
    """The name of each check, whether it passed, and a sentence; after a failed login there are no more."""
    store = _Checks(settings)
    for name, check in store.all():
        try:
            yield name, True, check()
        except PipelineError as error:
            yield name, False, str(error)
            if name == "login":
                return


class _Checks(FeatureGroups, StoredFiles):
    def all(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("login", self._try_login),
            ("versions", self._try_versions),
            ("read", self._try_read),
            ("write", self._try_write),
            ("query service", self._try_query_service),
            ("write path", self._try_write_path),
        ]

    @operation("log in")
    def _try_login(self) -> str:
        return f"{self.location}, project {self.connection.project.name}"

    @operation("tell its version")
    def _try_versions(self) -> str:
        client, server = self.connection.client_version, self.connection.server_version
        if _minor(client) != _minor(server):
            raise StoreError(
                f"The client is {client} and the server {server}; both must be of the same minor version. "
                f"Install hopsworks[python]=={_minor(server)}.* or use a cluster of version {_minor(client)}."
            )
        return f"client {client}, server {server}"

    @operation("read")
    def _try_read(self) -> str:
        store = self.connection.features
        models = self.connection.models
        return f"the feature store {store.name} and the model registry of {models.project_name} can be read"

    @operation("write")
    def _try_write(self) -> str:
        path = f"{HOME}/doctor/{uuid.uuid4().hex}"
        self.folders.make(path)
        self.folders.remove(path)
        return f"{HOME} can be written"

    @operation("reach its query service")
    def _try_query_service(self) -> str:
        self.connection  # noqa: B018 - the query service needs the login
        return f"{require_query_service()} answers"

    @operation("use its write path")
    def _try_write_path(self) -> str:
        return self._direct() if self.settings.write_path == "delta" else self._brokers()

    def _direct(self) -> str:
        """Write a row to a feature group of its own, and remove both."""
        group = FeatureGroup(
            name="serverless_ml_doctor",
            description="Made by a check of the connection, which removes it.",
            columns=(Column("name", "string"), Column("event_time", "timestamp")),
            key=("name",),
            event_time="event_time",
        )
        self.upsert(group, pd.DataFrame({"name": [uuid.uuid4().hex], "event_time": [datetime.now(UTC)]}))
        self._get(group).delete(force=True)
        return "delta: a row was written directly"

    def _brokers(self) -> str:
        """Ask the Kafka brokers, by the address and with the certificates with which rows would be sent."""
        from confluent_kafka import Consumer  # noqa: PLC0415 - slow to import, needed only here
        from hsfs.core import kafka_engine  # noqa: PLC0415 - the client is loaded when it is used

        config = kafka_engine._get_kafka_config(self.connection.features.id, {})  # noqa: SLF001 - no public way
        consumer = Consumer({**config, "group.id": "serverless_ml_doctor", "log_level": 0})
        try:
            return f"kafka: {len(consumer.list_topics(timeout=BROKER_SECONDS).brokers)} brokers answer"
        finally:
            consumer.close()
            self.connection.remove_kafka_keys()


def _minor(version: str) -> str:
    minor = re.match(r"\d+\.\d+", version)
    return minor.group() if minor else version
