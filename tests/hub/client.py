"""How the tests hold the client of the Hub."""

import time
from types import SimpleNamespace

import pytest
from huggingface_hub.utils import _http


def hurried(patch: pytest.MonkeyPatch) -> None:
    """Let the client's own attempts follow one another at once; between them it waits for up to eight seconds."""
    patch.setattr(_http, "time", SimpleNamespace(**{**vars(time), "sleep": lambda _: None}))
