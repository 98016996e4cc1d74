"""Refusing what is none of the values that a declaration can have."""

from collections.abc import Sequence
from typing import get_args

from pipelines.errors import DeclarationError


def check_kind(what: str, given: str, allowed: object) -> None:
    """Refuse what is none of the values of a literal type."""
    check_choice(what, given, get_args(allowed))


def check_choice(what: str, given: str, allowed: Sequence[str]) -> None:
    """Refuse what is none of these values."""
    if given not in allowed:
        raise DeclarationError(f"{what} is {given!r}; it can be {', '.join(map(str, allowed))}.")
