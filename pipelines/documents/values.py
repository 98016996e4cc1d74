"""How values become JSON, and whether JSON is what a type says."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import numpy as np
import pandas as pd

T = TypeVar("T")


@dataclass(frozen=True)
class Must:
    """What a value must be beside its type: `read` raises a `ValueError`, `KeyError` or `TypeError` otherwise."""

    read: Callable[[Any], object]
    words: str


def _moment(text: str) -> datetime:
    told = datetime.fromisoformat(text)
    if told.tzinfo is None:
        raise ValueError
    return told


# Texts that a page reads as times.
Day = Annotated[str, Must(date.fromisoformat, "a day such as 2026-11-21")]
Moment = Annotated[str, Must(_moment, "a time such as 2026-11-21T06:47:00+00:00")]

DECIMALS = 6  # finer digits differ between machines and mean nothing
MOST_DIGITS = 19  # of the largest number of 64 bits
LONGEST_SHOWN = 40  # characters of a wrong value in a sentence
NAMES: dict[type, str] = {
    NoneType: "null", str: "a text", int: "a whole number", float: "a number", bool: "true or false",
    list: "a list", dict: "an object",
}  # fmt: skip
# What JSON gives for a type; a whole number is a number as well.
READ_AS = {kind: frozenset({kind}) for kind in NAMES} | {float: frozenset({int, float})}


class Damaged(ValueError):
    """What is wrong with a document, as the end of a sentence: `it is no JSON`, `tasks.wine_grade.live is null`."""


def plain(value: Any, decimals: int | None = None) -> Any:  # noqa: ANN401 - any value that a document may hold
    """The same as JSON values: no NaN but null, times in ISO format, texts as keys, numbers rounded where asked for."""
    if isinstance(value, float | np.floating):  # first, since most of a document are numbers
        return _finite(float(value), decimals)
    if isinstance(value, list | tuple):
        return [plain(part, decimals) for part in value]
    if isinstance(value, Mapping):
        return {str(key): plain(part, decimals) for key, part in value.items()}
    if isinstance(value, date):
        return _plain_time(value)
    return value.item() if isinstance(value, np.generic) else value


def parse(content: bytes | str, form: type[T], newest: int | None = None) -> T:
    """A document from its JSON text.

    Parameters
    ----------
    form
        What it must be: a `TypedDict`, or lists and dicts of such, of texts, numbers and null. The first part of a
        union is what is told where none fits.
    newest
        The newest `schema_version` that this program can read.

    Raises
    ------
    Damaged
        It is no JSON, not of that form, or of a later version of this program.
    """
    try:
        text = content if isinstance(content, str) else content.decode(json.detect_encoding(content))
        value: T = json.loads(text, parse_int=_whole_number)
        if text is content or "\\u" in text:
            # A text, or what is written so, can hold half a character, which no page and no table can.
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError as error:
        raise Damaged(f"it is no JSON ({error})") from error
    except RecursionError:
        raise Damaged("it is nested too deeply") from None
    version = value.get("schema_version") if isinstance(value, dict) else None
    if newest and isinstance(version, int) and version > newest:
        raise Damaged(f"it has schema version {version}, and this program reads up to {newest}: update the program")
    for fault in _faults(value, form, ""):
        raise Damaged(fault)
    return value


def checksum(document: Mapping[str, object]) -> str:
    """The SHA-256 of all keys of a document but its `checksum`."""
    told = {name: part for name, part in document.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def refuse_changed(document: Mapping[str, object]) -> None:
    """Raise `Damaged` where a document has the checksum of another one.

    What is told of a document belongs together, such as a score and its ends. Of one that another program or a person
    has changed nobody knows what still does.
    """
    if "checksum" in document and document["checksum"] != checksum(document):
        raise Damaged("it was changed after it was saved")


def _faults(value: object, form: Any, place: str) -> Iterator[str]:  # noqa: ANN401 - a type of any kind
    """What is not as the type says, outermost first."""
    kind, parts = _shape(form)
    if type(value) in _plain_types(form):
        return
    if kind in (Required, NotRequired):
        yield from _faults(value, parts[0], place)
    elif kind in (Union, UnionType):
        faults = [next(_faults(value, part, place), "") for part in parts]
        yield from faults[:1] if all(faults) else ()
    elif kind is Annotated:
        faults = list(_faults(value, parts[0], place))
        yield from faults or _faults_beside(value, parts[1], place)
    elif kind is Literal:
        yield from () if value in parts else (_wrong(value, place, " or ".join(parts)),)
    elif kind in (dict, list) or is_typeddict(form):
        yield from _faults_within(value, form, place)
    elif form is not Any:
        yield _wrong(value, place, NAMES[form])


def _faults_within(value: object, form: Any, place: str) -> Iterator[str]:  # noqa: ANN401 - a type of any kind
    kind, parts = _shape(form)
    whole = list if kind is list else dict
    if not isinstance(value, whole):
        yield _wrong(value, place, NAMES[whole])
        return
    if parts and _plain_types(parts[-1]).issuperset(map(type, value.values() if isinstance(value, dict) else value)):
        return  # as most of a document is
    inside: dict[object, Any] = value if isinstance(value, dict) else dict(enumerate(value))
    if is_typeddict(form):
        yield from (f"{place or 'it'} lacks {name}" for name in sorted(form.__required_keys__ - inside.keys()))
    for name, part in inside.items():
        within = parts[-1] if parts else _fields(form).get(str(name), Any)
        if type(part) not in _plain_types(within):
            yield from _faults(part, within, f"{place}.{name}" if place else str(name))


def _faults_beside(value: object, must: Must, place: str) -> Iterator[str]:
    try:
        must.read(value)
    except (ValueError, KeyError, TypeError):
        yield _wrong(value, place, must.words)


def _whole_number(text: str) -> int:
    """The number, where one of a page could be so large: all others are kept as floats."""
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


@cache
def _plain_types(form: Any) -> frozenset[type]:  # noqa: ANN401 - a type of any kind
    """The plain types that a form allows, as most of a document are: seen without further ado."""
    kind, parts = _shape(form)
    told = parts if kind in (Union, UnionType) else (form,)
    return frozenset(read for part in told if part in NAMES for read in READ_AS[part])


@cache
def _shape(form: Any) -> tuple[Any, tuple[Any, ...]]:  # noqa: ANN401 - a type of any kind
    return get_origin(form), get_args(form)


@cache
def _fields(form: Any) -> dict[str, Any]:  # noqa: ANN401 - a TypedDict
    return get_type_hints(form, include_extras=True)


def _wrong(value: object, place: str, expected: str) -> str:
    shown = NAMES[type(value)] if isinstance(value, list | dict) else json.dumps(value)
    shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}..."
    return f"{place or 'it'} is {shown}, not {expected}"


def _finite(value: float, decimals: int | None) -> float | None:
    if not math.isfinite(value):
        return None
    return value if decimals is None else round(value, decimals)


def _plain_time(value: date) -> str | None:
    if value is pd.NaT:
        return None
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()
