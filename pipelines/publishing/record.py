"""The record as a data set on the Hub: every sample and every prediction as Parquet, with a card that explains them.

One file a feature group and one configuration a file, so that the Hub's viewer, its Croissant metadata and
`load_dataset` find each under its name.
"""

import io
from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import DatasetCardData

from pipelines.datasets import DataSet, all_datasets
from pipelines.datasets.outcomes import Classes, Number
from pipelines.stores.base import FeatureGroup, Store
from pipelines.stores.catalogue import predictions_group, samples_group
from pipelines.stores.rows import to_arrow

FOLDER = "data/"
# The Hub's names of licences; another one is `other`, and the card says which.
LICENCES = {"CC BY 4.0": "cc-by-4.0", "CC BY-SA 4.0": "cc-by-sa-4.0", "CC0 1.0": "cc0-1.0", "MIT": "mit"}
# The Hub's names of what is predicted.
CATEGORIES = {Classes.kind: "tabular-classification", Number.kind: "tabular-regression"}
INTRODUCTION = """\
# Samples and predictions

What a serverless machine-learning system saw and what it said about it: the samples of each data set (historical ones
with their role in training, and those that arrived since), and every prediction of every model version beside what
turned out. A row of predictions belongs to the sample of the same `sample_id`. A model learns from the role `train`
and, where arrivals are real, from those that had turned out before it was trained: no prediction is about a sample
that its model had seen.

```python
from datasets import load_dataset

predictions = load_dataset("{repository}", "{example}", split="train")
```

It is written by `python -m pipelines publish`, at most once a day: changes made here are overwritten.
"""


def record_files(store: Store, repository: str) -> dict[str, bytes]:
    """The files of the data set, by path; a group without rows has none. The same store gives the same bytes."""
    tables = {group.name: to_arrow(store.read(group), group) for group in _groups()}
    filled = {name: table for name, table in tables.items() if table.num_rows}
    files = {f"{FOLDER}{name}.parquet": _parquet(table) for name, table in filled.items()}
    return files | {"README.md": _card(repository, filled).encode()}


def _groups() -> list[FeatureGroup]:
    datasets = all_datasets()
    predictions = [predictions_group(task) for dataset in datasets for task in dataset.tasks]
    return [*(samples_group(dataset) for dataset in datasets), *predictions]


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _card(repository: str, tables: Mapping[str, pa.Table]) -> str:
    names = list(tables)
    example = names[-1] if names else "NAME"
    parts = [
        f"---\n{_front_matter(names).to_yaml()}\n---\n",
        INTRODUCTION.format(repository=repository, example=example),
        *(_described(group) for group in _groups() if group.name in tables),
        "## Sources and licences\n",
        "\n".join(map(_source, _present(names))),
    ]
    return "\n".join(parts) + "\n"


def _front_matter(names: Iterable[str]) -> DatasetCardData:
    listed = list(names)
    licences = {LICENCES.get(dataset.provenance.licence, "other") for dataset in _present(listed)}
    return DatasetCardData(
        pretty_name="Samples and predictions of a serverless machine-learning system",
        license=licences.pop() if len(licences) == 1 else "other",
        task_categories=sorted({CATEGORIES[task.outcome.kind] for each in _present(listed) for task in each.tasks}),
        tags=["tabular", "mlops"],
        configs=[{"config_name": name, "data_files": f"{FOLDER}{name}.parquet"} for name in listed],
    )


def _present(names: Iterable[str]) -> list[DataSet]:
    listed = set(names)
    return [dataset for dataset in all_datasets() if dataset.name in listed]


def _described(group: FeatureGroup) -> str:
    rows = [f"| `{each.name}` | {each.type} | {each.description}{_unit(each.unit)} |" for each in group.columns]
    head = [f"## {group.name}\n", f"{group.description}\n", "| column | type | meaning |", "| --- | --- | --- |"]
    return "\n".join([*head, *rows]) + "\n"


def _unit(unit: str) -> str:
    return f" ({unit})" if unit else ""


def _source(dataset: DataSet) -> str:
    source = dataset.provenance
    return f"- {dataset.title}: {source.citation} {source.url} ({source.licence})"
