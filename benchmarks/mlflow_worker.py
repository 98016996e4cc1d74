"""MLflow's pyfunc of a model of ours, in a process and an environment of its own.

For each line that it reads it predicts the batch that lies in a file, and answers with the seconds that this took, on
the clock and of the processor. The first batch also gives the schema with which the model is saved and loaded.
"""

import sys
import time
from functools import cache
from pathlib import Path

import mlflow
import pandas as pd
import pyarrow as pa

from pipelines import models


class Wrapped(mlflow.pyfunc.PythonModel):  # type: ignore[misc] # MLflow is in no environment of ours
    """An ensemble as people wrap what MLflow has no flavour for: loaded from its artefact, asked as it is."""

    def load_context(self, context: mlflow.pyfunc.PythonModelContext) -> None:
        """Load the model."""
        self.model = models.load(Path(context.artifacts["model"]))

    def predict(
        self,
        context: mlflow.pyfunc.PythonModelContext,  # noqa: ARG002 - the interface of MLflow
        model_input: pd.DataFrame,
    ) -> pd.DataFrame:
        """What the ensemble says of each row."""
        return pd.DataFrame(self.model.estimator.answers(models.encode(self.model.inputs, model_input)))


def main(model: str, saved: str, batch: str) -> None:
    """Answer lines until there are no more."""

    @cache
    def loaded() -> mlflow.pyfunc.PyFuncModel:
        schema = mlflow.models.infer_signature(pa.ipc.open_file(batch).read_pandas())
        mlflow.pyfunc.save_model(path=saved, python_model=Wrapped(), artifacts={"model": model}, signature=schema)
        return mlflow.pyfunc.load_model(saved)

    for _ in sys.stdin:
        rows, pyfunc = pa.ipc.open_file(batch).read_pandas(), loaded()
        clock, processor = time.perf_counter(), time.process_time()
        pyfunc.predict(rows)
        print(time.perf_counter() - clock, time.process_time() - processor, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
