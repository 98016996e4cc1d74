"""The dashboard of a data set: read the store, compute, draw, and put numbers, pictures and the static page back."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """What a refresh did, of one data set or of several: the files that differ from before, and what the pages say.

    `document` has the same keys as `dashboard/metrics.json`, with these data sets and their tasks alone. `pictures` is
    what is told of each picture, by its name, to who does not see it, by task. `notices` are sentences for the reader.
    """

    written: tuple[str, ...]
    document: Parts = field(repr=False)
    notices: tuple[str, ...] = ()
    pictures: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)


def together(reports: Sequence[DashboardReport]) -> DashboardReport:
    """The reports of several data sets as one."""
    return DashboardReport(
        tuple(name for done in reports for name in done.written),
        {
            "datasets": {name: part for done in reports for name, part in done.document["datasets"].items()},
            "tasks": {name: part for done in reports for name, part in done.document["tasks"].items()},
        },
        tuple(notice for done in reports for notice in done.notices),
        {task: alts for done in reports for task, alts in done.pictures.items()},
    )


def refresh_pictures(store: Store, dataset: DataSet) -> DashboardReport:
    """Compute, draw and put the pictures of every task and the models that a page asks.

    Files that are as before are not written. Numbers and pictures depend on the store alone.
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
    files |= {PORTRAIT_FILE.format(state.task.name): drawn for state in states for drawn in _portrait(state, data)}
    for state in states:
        files |= browser_files(store, state.task, state.champion, data.historical)
    alts = {
        state.task.name: {name: picture.alt for (task, name), picture in pictures.items() if task == state.task.name}
        for state in states
    }
    return DashboardReport(_put(store, files), own, pictures=alts)


def refresh_pages(
    store: Store, drawn: DashboardReport, now: datetime, links: Mapping[str, str] = MappingProxyType({})
) -> DashboardReport:
    """Put `dashboard/metrics.json` and the static page with what was drawn anew; returns all that was written.

    `now` only tells whether a run is late. `links` are addresses that this run knows; those that an earlier one knew
    stay.
    """
    files = {METRICS_FILE: metrics_text(_merged(store, drawn, links))}
    document = parse_metrics(files[METRICS_FILE])
    portraits = _portraits(store, document)
    forms = {task: form for task in document["tasks"] if (form := form_of(store, task))}
    files |= {name: picture(document, portraits, now, theme).encode() for name, theme in FRONT.items()}
    told = verdict(document, now)
    files[f"site/{site.SOCIAL}"] = social_picture(told.headline, told.as_of, told.state)
    files[SITE_FILE] = site.render_site(document, portraits, now, forms).encode()
    written = (*drawn.written, *_put(store, files))
    return replace(drawn, written=written, document=drawn.document | {"links": document.get("links", {})})


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
    newest = monitoring.with_samples(state.ledger.recent(1), data.arrivals)
    row = None if newest.empty else newest.iloc[0].to_dict()
    drift = partial(
        figures.drift_picture,
        data.dataset,
        f"{task.title}: drift",
        scoreboard.task_tests(task, whole, document),
        whole["drift"]["needs"] or "a first arrival",
    )
    return {**kinds.own_pictures(state, document, row, data.historical), "drift": drift}


def _merged(store: Store, drawn: DashboardReport, links: Mapping[str, str]) -> MetricsDocument:
    """The stored document with the parts that were drawn replaced; those of data sets that are gone fall away."""
    stored = _stored(store)
    datasets = {each.name: each for each in all_datasets()}
    tasks = {task.name for each in datasets.values() for task in each.tasks}
    described: dict[str, TaskPart] = {
        name: {**document, "pictures": dict(drawn.pictures[name])} for name, document in drawn.document["tasks"].items()
    }
    every_task = {name: part for name, part in stored["tasks"].items() if name in tasks} | described
    return {
        "schema_version": SCHEMA_VERSION,
        "store": {"kind": store.kind},
        "links": {**stored.get("links", {}), **links},
        "datasets": {n: part for n, part in stored["datasets"].items() if n in datasets} | drawn.document["datasets"],
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
    newest = monitoring.with_samples(state.ledger.recent(1), data.arrivals)
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
