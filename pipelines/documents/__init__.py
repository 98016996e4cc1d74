"""The documents that others read by key: a type each, a schema version, and how they are read and written.

    metrics     dashboard/metrics.json: what every page shows
    model       model.json: what is known about a model version
    source      sources/<data set>.json: what a data set was backfilled from
    champions   champions.json: who was made champion, when, by whom and why
    decision    decisions/<task>.json: the version that was decided on last, and why as it was
    backfill    backfills/<data set>.json: the newest backfill, and whether it came to its end
    what_if     dashboard/what_if.json.gz: a simulated month for each thing that can go wrong
    status      what `status --json` prints
    alarms      what `alarms --json` prints
    values      how values become JSON, and whether JSON is what a type says

Whoever reads one gets it whole and typed, or `Damaged`, which says what is wrong with it and where. Keys that a type
does not name are left alone: they are of a later version.
"""

from pipelines.documents.values import DECIMALS, Damaged, checksum, parse, plain

__all__ = ["DECIMALS", "Damaged", "checksum", "parse", "plain"]
