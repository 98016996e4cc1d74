"""What `publish` put into the Space, read back. Whatever is missing is empty, never an error."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.datasets import DataSet, Task
from pipelines.documents import parse
from pipelines.documents.metrics import LINKS_FILE, METRICS_FILE, PORTRAIT_FILE, parse_metrics
from pipelines.documents.model import CARD_FILE
from pipelines.documents.what_if import WHAT_IF_FILE, WhatIf, parse_what_if


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
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def samples(self, dataset: DataSet) -> pd.DataFrame:
        """Real samples of every role; no rows and no columns where there are none."""
        return self._parquet(self.folder / "samples" / f"{dataset.name}.parquet")

    def history(self, task: Task) -> pd.DataFrame:
        """The predictions of a task; no rows and no columns before the first."""
        return self._parquet(self.folder / "history" / f"{task.name}.parquet")

    def metrics(self) -> Mapping[str, Any]:
        """The numbers of all pages; empty where there are none."""
        path = self.folder / METRICS_FILE
        return parse_metrics(path.read_bytes()) if path.exists() else {}

    def links(self) -> dict[str, str]:
        """The addresses of the other parts of the system, by what is there."""
        path = self.folder / LINKS_FILE
        return parse(path.read_bytes(), dict[str, str]) if path.exists() else {}

    def what_if(self) -> WhatIf | None:
        """The months that can be played; None where there are none."""
        path = self.folder / WHAT_IF_FILE
        return parse_what_if(path.read_bytes()) if path.exists() else None

    def portraits(self) -> dict[str, bytes]:
        """The drawing (SVG) of the newest sample of each task that has one."""
        drawings = sorted(self.folder.glob(PORTRAIT_FILE.format("*")))
        return {path.parent.name: path.read_bytes() for path in drawings}

    @staticmethod
    def _parquet(path: Path) -> pd.DataFrame:
        return pd.read_parquet(path) if path.exists() else pd.DataFrame()
