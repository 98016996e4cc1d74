"""What `alarms --json` prints: what somebody should look at. Programs rely on its shape."""

from typing import TypedDict

from pipelines.documents.metrics import StoreKind

SCHEMA_VERSION = 1


class AlarmPicture(TypedDict):
    """The stored picture that shows an alarm best, with its text alternative."""

    file: str
    alt: str


class AlarmInfo(TypedDict):
    """One alarm. There is one at a time of a `subject`; it is the same one while `parts` and `tasks` stay."""

    subject: str
    kind: str
    state: str
    dataset: str
    tasks: list[str]
    parts: list[str]
    since: str | None
    title: str
    detail: str
    advice: str
    false_alarms: str
    picture: AlarmPicture | None


class AlarmsDocument(TypedDict):
    """All of it."""

    schema_version: int
    as_of: str
    store: StoreKind
    alarms: list[AlarmInfo]
