"""The dashboard of a data set: read the store, compute, draw, and put numbers, pictures and the static page back."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from pipelines.datasets import DataSet, Task, all_datasets
from pipelines.datasets.arrivals import ARRIVED
from pipelines.documents import Damaged
from pipelines.documents.metrics import (
    METRICS_FILE,
    PORTRAIT_FILE,
    SCHEMA_VERSION,
    MetricsDocument,
    Parts,
    TaskPart,
    metrics_text,
    parse_metrics,
)
from pipelines.front.render import picture
from pipelines.front.verdict import verdict
from pipelines.monitoring import document as scoreboard
from pipelines.monitoring import kinds
from pipelines.monitoring import page as site
from pipelines.monitoring import quality as monitoring
from pipelines.monitoring.browser_model import browser_files, form_of
from pipelines.monitoring.document import DataState, TaskState
from pipelines.monitoring.kept_ledger import keep_ledger, read_ledger
from pipelines.pictures import monitoring as figures
from pipelines.pictures.side_by_side import Drawing, draw_all
from pipelines.pictures.social import social_picture
from pipelines.pictures.theme import DARK, LIGHT
from pipelines.stores.base import Store
from pipelines.stores.catalogue import (
    champion_version,
    describe_readable,
    first_arrival,
    quarantine_group,
    read_history,
    samples_group,
)

SITE_FILE = "site/index.html"
log = logging.getLogger(__name__)

# The front as a picture, for a README that is read by day or by night.
FRONT = {"dashboard/front-light.svg": LIGHT, "dashboard/front-dark.svg": DARK}
# What drift looks at: the days for which alarms are told, and the longest window before the first of them.
ARRIVALS_READ = timedelta(days=2 * scoreboard.ALARM_DAYS)
# Of what was refused the newest is shown, and since when something is; older rows are counted.
QUARANTINE_READ = timedelta(days=scoreboard.ALARM_DAYS)


@dataclass(frozen=True)
class DashboardReport:
    """What a refresh did: the files that differ from before, and the document that the pages are made from.

    `document` has the same keys as `dashboard/metrics.json`, with this data set and its tasks alone. `notices` are
    sentences for the reader.
    """

    dataset: str
    written: tuple[str, ...]
    document: Parts = field(repr=False)
    notices: tuple[str, ...] = ()


def whole_document(reports: Sequence[DashboardReport]) -> Parts:
    """The documents of several data sets as one."""
    return {
        "datasets": {name: part for done in reports for name, part in done.document["datasets"].items()},
        "tasks": {name: part for done in reports for name, part in done.document["tasks"].items()},
        "links": {name: part for done in reports for name, part in done.document.get("links", {}).items()},
    }


def refresh_dashboard(
    store: Store, dataset: DataSet, now: datetime, links: Mapping[str, str] = MappingProxyType({})
) -> DashboardReport:
    """Compute, draw and put the pictures of every task, `dashboard/metrics.json`, `site/index.html` and its models.

    Files that are as before are not written. `now` only tells whether a run is late; numbers and pictures depend on
    the store alone. `links` are addresses that this run knows; those that an earlier one knew stay.
    """
    data = _data_state(store, dataset)
    states = [_task_state(store, task) for task in dataset.tasks]
    own: Parts = {
        "datasets": {dataset.name: scoreboard.dataset_document(data)},
        "tasks": {state.task.name: kinds.task_document(state, data) for state in states},
    }
    for state in states:
        keep_ledger(store, state.ledger, state.over_time)
    pictures = draw_all({
        (state.task.name, name): draw for state in states for name, draw in _drawings(state, data, own).items()
    })  # fmt: skip
    files = {f"dashboard/{task}/{name}.png": picture.png for (task, name), picture in pictures.items()}
    merged = _merged(store, own, links, {key: picture.alt for key, picture in pictures.items()})
    own["links"] = merged.get("links", {})
    files |= {PORTRAIT_FILE.format(state.task.name): drawn for state in states for drawn in _portrait(state, data)}
    files[METRICS_FILE] = metrics_text(merged)
    for state in states:
        files |= browser_files(store, state.task, state.champion, data.historical)
    written = _put(store, files)
    document = parse_metrics(files[METRICS_FILE])
    drawn = _portraits(store, document)
    forms = {task: form for task in document["tasks"] if (form := form_of(store, task))}
    pages = {name: picture(document, drawn, now, theme).encode() for name, theme in FRONT.items()}
    told = verdict(document, now)
    pages[f"site/{site.SOCIAL}"] = social_picture(told.headline, told.as_of, told.state)
    pages[SITE_FILE] = site.render_site(document, drawn, now, forms).encode()
    return DashboardReport(dataset.name, (*written, *_put(store, pages)), own)


def _data_state(store: Store, dataset: DataSet) -> DataState:
    group = samples_group(dataset)
    newest = store.newest(group)
    start = max(first_arrival(dataset), newest - ARRIVALS_READ) if newest else None
    historical, refused = read_history(store, dataset), quarantine_group(dataset)
    last = store.newest(refused)
    return DataState(
        dataset=dataset,
        historical=historical,
        arrivals=store.read(group, start=start, where={"origin": ARRIVED}),
        quarantine=store.read(refused, start=last and last - QUARANTINE_READ),
        arrived=store.count(group) - len(historical),
        quarantined=store.count(refused),
    )


def _task_state(store: Store, task: Task) -> TaskState:
    ledger, champion = read_ledger(store, task), champion_version(store, task)
    in_charge = ledger.in_charge or champion
    model, trouble = describe_readable(store, task, in_charge)
    if trouble:
        log.warning("%s", trouble)
    return TaskState(
        ledger=ledger,
        log=store.champion_log(task.name),
        versions=store.versions(task.name),
        champion=champion,
        model=model,
    )


def _drawings(state: TaskState, data: DataState, own: Parts) -> dict[str, Drawing]:
    task, document, whole = state.task, own["tasks"][state.task.name], own["datasets"][data.dataset.name]
    newest = monitoring.with_samples(monitoring.recent_predictions(state.ledger.rows, 1), data.arrivals)
    row = None if newest.empty else newest.iloc[0].to_dict()
    drift = partial(
        figures.drift_picture,
        data.dataset,
        f"{task.title}: drift",
        scoreboard.task_tests(task, whole, document),
        whole["drift"]["needs"] or "a first arrival",
    )
    return {**kinds.own_pictures(state, document, row, data.historical), "drift": drift}


def _merged(store: Store, own: Parts, links: Mapping[str, str], alts: Mapping[tuple[str, str], str]) -> MetricsDocument:
    """The stored document with the part of this data set replaced; parts of data sets that are gone fall away."""
    stored = _stored(store)
    datasets = {each.name: each for each in all_datasets()}
    tasks = {task.name for each in datasets.values() for task in each.tasks}
    described: dict[str, TaskPart] = {
        name: {**document, "pictures": {picture: alt for (task, picture), alt in alts.items() if task == name}}
        for name, document in own["tasks"].items()
    }
    every_task = {name: part for name, part in stored["tasks"].items() if name in tasks} | described
    return {
        "schema_version": SCHEMA_VERSION,
        "store": {"kind": store.kind},
        "links": {**stored.get("links", {}), **links},
        "datasets": {n: part for n, part in stored["datasets"].items() if n in datasets} | own["datasets"],
        "tasks": every_task,
        "data_as_of": max((part["last_run"] for part in every_task.values() if part["last_run"]), default=None),
    }


def _stored(store: Store) -> Parts:
    """The parts that are stored; none where they are damaged or of another version, since all can be made again."""
    content = store.get_file(METRICS_FILE)
    try:
        stored = parse_metrics(content) if content else None
    except Damaged as error:
        stored = None
        log.warning(
            "%s in %s is made again, because %s; the data sets that are not refreshed now are left out until they are: "
            "python -m pipelines dashboard", METRICS_FILE, store.location, error,
        )  # fmt: skip
    return stored if stored and stored["schema_version"] == SCHEMA_VERSION else {"datasets": {}, "tasks": {}}


def _portrait(state: TaskState, data: DataState) -> Iterator[bytes]:
    """The newest sample as it was predicted; nothing before the first."""
    newest = monitoring.with_samples(monitoring.recent_predictions(state.ledger.rows, 1), data.arrivals)
    for row in newest.to_dict("records"):
        yield kinds.newest_portrait(state.task, row, data.historical)


def _portraits(store: Store, document: MetricsDocument) -> dict[str, bytes]:
    stored = {task: store.get_file(PORTRAIT_FILE.format(task)) for task in document["tasks"]}
    return {task: drawn for task, drawn in stored.items() if drawn}


def _put(store: Store, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Put the files that differ from what is stored; returns their names."""
    changed = [name for name, content in files.items() if store.get_file(name) != content]
    for name in changed:
        store.put_file(name, files[name])
    return tuple(changed)
