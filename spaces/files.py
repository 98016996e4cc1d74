"""What `publish` put into the Space, read back. Whatever is missing is empty, never an error."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from pipelines.datasets import DataSet, Task
from pipelines.documents import Damaged, parse
from pipelines.documents.metrics import LINKS_FILE, METRICS_FILE, PORTRAIT_FILE, Parts, no_parts, parse_metrics
from pipelines.documents.model import CARD_FILE
from pipelines.documents.what_if import WHAT_IF_FILE, WhatIf, parse_what_if

T = TypeVar("T")


@dataclass(frozen=True)
class SpaceFolder:
    """The folder of a Space."""

    folder: Path

    def model(self, task: Task) -> Path:
        """The folder of a task's champion, whether there is one or not."""
        return self.folder / "models" / task.name

    def card(self, task: Task) -> str:
        """The model card as Markdown; empty where there is none."""
        path = self.model(task) / CARD_FILE
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def samples(self, dataset: DataSet) -> pd.DataFrame:
        """Real samples of every role; no rows and no columns where there are none."""
        return self._parquet(self.folder / "samples" / f"{dataset.name}.parquet")

    def history(self, task: Task) -> pd.DataFrame:
        """The predictions of a task; no rows and no columns before the first."""
        return self._parquet(self.folder / "history" / f"{task.name}.parquet")

    def metrics(self) -> Parts:
        """The numbers of all pages; empty where there are none, or where they are damaged."""
        return self._document(METRICS_FILE, parse_metrics) or no_parts()

    def damage(self) -> str:
        """What is wrong with the numbers of all pages, and what to do; empty where nothing is."""
        path = self.folder / METRICS_FILE
        try:
            if path.exists():
                parse_metrics(path.read_bytes())
        except Damaged as error:
            return f"{METRICS_FILE} is damaged ({error}), so that nothing can be told. Refresh it, and publish again."
        return ""

    def links(self) -> dict[str, str]:
        """The addresses of the other parts of the system, by what is there."""
        return self._document(LINKS_FILE, lambda content: parse(content, dict[str, str])) or {}

    def what_if(self) -> WhatIf | None:
        """The months that can be played; None where there are none."""
        return self._document(WHAT_IF_FILE, parse_what_if)

    def portraits(self) -> dict[str, bytes]:
        """The drawing (SVG) of the newest sample of each task that has one."""
        drawings = sorted(self.folder.glob(PORTRAIT_FILE.format("*")))
        return {path.parent.name: path.read_bytes() for path in drawings}

    def _document(self, name: str, read: Callable[[bytes], T]) -> T | None:
        """What a document says; None where there is none, or a damaged one."""
        path = self.folder / name
        with contextlib.suppress(Damaged):
            return read(path.read_bytes()) if path.exists() else None
        return None

    @staticmethod
    def _parquet(path: Path) -> pd.DataFrame:
        return pd.read_parquet(path) if path.exists() else pd.DataFrame()
