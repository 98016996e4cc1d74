"""The Kafka broker: librdkafka's mock cluster, emptied by a thread because it keeps only 5 MB a partition."""

import io
import json
import threading
import time
from functools import cache

from confluent_kafka import Consumer, Producer, TopicPartition
from fastavro import parse_schema, schemaless_reader

from tests.hopsworks.emulator.world import Json

# Seconds after which something must be broken; a machine that is busy is no fault.
PATIENCE = 600

_AVRO_TYPES = {
    "string": "string",
    "double": "double",
    "float": "float",
    "bigint": "long",
    "int": "int",
    "boolean": "boolean",
    "timestamp": {"type": "long", "logicalType": "timestamp-micros"},
    "date": {"type": "int", "logicalType": "date"},
}


class Broker:
    """A mock cluster and everything that was ever sent to it and not yet taken."""

    def __init__(self) -> None:
        self._cluster = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        brokers = self._cluster.list_topics(timeout=PATIENCE).brokers
        self.address = ",".join(f"{broker.host}:{broker.port}" for broker in brokers.values())
        self._lock = threading.Lock()
        self._messages: dict[str, list[tuple[int, int, bytes]]] = {}
        self._drained: dict[tuple[str, int], int] = {}
        self._new: list[TopicPartition] = []
        self._forgotten = False
        # One for all questions: a new one takes a third of a second to find its broker.
        self._watermarks = self._consumer("watermarks")
        threading.Thread(target=self._drain, daemon=True).start()

    def create_topic(self, topic: str) -> None:
        """Create a topic, which the mock cluster does when it is asked about it."""
        while not (partitions := self._cluster.list_topics(topic, timeout=PATIENCE).topics[topic].partitions):
            time.sleep(0.01)
        with self._lock:
            self._messages[topic] = []
            for partition in partitions:
                self._drained[topic, partition] = 0
                # Zero and not "the beginning", which the client would ask for, and again only after half a second.
                self._new.append(TopicPartition(topic, partition, 0))

    def take(self, topic: str) -> list[bytes]:
        """The messages that arrived up to now, in order within each key, removed."""
        self._wait_until_drained(topic)
        with self._lock:
            messages, self._messages[topic] = self._messages[topic], []
        return [value for _, _, value in sorted(messages)]

    def put_back(self, topic: str, values: list[bytes]) -> None:
        """What a failed job leaves: the messages are there for the next."""
        with self._lock:
            there = self._messages.get(topic, [])
            self._messages[topic] = [(-1, number, value) for number, value in enumerate(values)] + there

    def forget(self) -> None:
        """Let go of all topics: each that is listened to makes every look at what has come dearer."""
        with self._lock:
            self._messages, self._drained, self._new, self._forgotten = {}, {}, [], True

    def _wait_until_drained(self, topic: str) -> None:
        partitions = [TopicPartition(topic, partition) for name, partition in list(self._drained) if name == topic]
        highs = {part.partition: self._watermarks.get_watermark_offsets(part)[1] for part in partitions}
        while any(self._drained.get((topic, number), high) < high for number, high in highs.items()):
            time.sleep(0.005)

    def _drain(self) -> None:
        consumer = self._consumer("drain")
        while True:
            with self._lock:
                new, self._new = self._new, []
                forgotten, self._forgotten = self._forgotten, False
            if forgotten:
                consumer.unassign()
            if new:
                # Who is asked for a topic that he does not know looks around for up to a second.
                for name in {partition.topic for partition in new}:
                    consumer.list_topics(name, timeout=PATIENCE)
                consumer.incremental_assign(new)
            for message in consumer.consume(1000, timeout=0.02):
                if message.error():
                    continue
                with self._lock:
                    if message.topic() in self._messages:
                        self._messages[message.topic()].append((message.partition(), message.offset(), message.value()))
                        self._drained[message.topic(), message.partition()] = message.offset() + 1

    def _consumer(self, group: str) -> Consumer:
        options = {"bootstrap.servers": self.address, "group.id": group, "enable.auto.commit": False}
        return Consumer({**options, "fetch.wait.max.ms": 10, "log_level": 0})


@cache
def broker() -> Broker:
    """The one broker of this process, started when it is first needed."""
    return Broker()


def forget() -> None:
    """Let go of all topics, where the broker was needed at all."""
    if broker.cache_info().currsize:
        broker().forget()


def address() -> str:
    """Where the broker listens."""
    return broker().address


def create_topic(topic: str) -> None:
    """Create the topic of a feature group."""
    broker().create_topic(topic)


def avro(group: Json) -> str:
    """The Avro schema of a feature group, as JSON text."""
    fields = [
        {"name": feature["name"], "type": ["null", _AVRO_TYPES[feature["type"]]]} for feature in group["features"]
    ]
    name = f"{group['name']}_{group['version']}"
    return json.dumps(
        {"type": "record", "name": name, "namespace": f"{group['featurestoreName']}.db", "fields": fields}
    )


def decode(group: Json, values: list[bytes]) -> list[Json]:
    """Messages as rows."""
    parsed = parse_schema(json.loads(avro(group)))
    return [schemaless_reader(io.BytesIO(value), parsed, None) for value in values]
