"""The type of everything that comes from the client library, which ships no types."""

from typing import Any, TypeAlias

Handle: TypeAlias = Any
