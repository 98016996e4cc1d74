"""The command line: one verb a pipeline. Reads the clock and the settings once, turns errors into exit codes."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from pipelines.cli import commands
from pipelines.cli.commands import Run
from pipelines.cli.output import prepare_streams, refusal
from pipelines.datasets import all_datasets, all_tasks
from pipelines.datasets.arrivals import ARRIVALS, SCENARIOS
from pipelines.errors import PipelineError, UsageError
from pipelines.settings import STORES, Settings, read_settings

T = TypeVar("T")
Parse = Callable[[str], T]

# A thousand a day is the most that the documents measure; ten times that still fits one day's identifiers and times.
MOST_PER_DAY = 10_000
LONGEST_DEMO = 366

# These announce at INFO what is of use to their own developers only.
CHATTY_LOGGERS = ("papermill", "matplotlib", "httpx", "httpcore", "asyncio", "fontTools")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Returns 0 when it is done, 1 when it failed, 2 when it was called wrongly."""
    prepare_streams()
    options = _parser().parse_args(arguments)
    _configure_logging()
    settings = None
    try:
        settings = read_settings()
        now = datetime.now(UTC)
        _check_dates(options, now.date())
        options.command(Run(settings, now), options)
    except PipelineError as error:
        print(_last_line(str(error), settings), file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(_last_line(refusal(error), settings), file=sys.stderr)
        return PipelineError.exit_code
    return 0


def _last_line(text: str, settings: Settings | None) -> str:
    sentence = " ".join(text.split())
    if settings is None:
        return f"error: {sentence}"
    return f"{'::error::' if settings.run.on_actions else 'error: '}{settings.redacted(sentence)}"


def _configure_logging() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for name in CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _check_dates(options: argparse.Namespace, today: date) -> None:
    for name in ("date", "end"):
        value = getattr(options, name, None)
        if value and value > today:
            raise UsageError(f"--{name} {value} is in the future; today is {today} (UTC). Give an earlier day.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines",
        description="Feature, training and batch-inference pipelines over one store. "
        "Settings come from the environment; the README lists them.",
        epilog="Exit code 0: done. 1: failed, and the last line says why. 2: called wrongly.",
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_pipelines(verbs)
    _add_registry(verbs)
    _add_operations(verbs)
    return parser


def _add_pipelines(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backfill = _verb(verbs, "backfill", commands.backfill, "Load the historical rows and fix their roles.")
    _datasets(backfill)
    backfill.add_argument(
        "--source", type=Path, action="append", default=[], metavar="FILE",
        help="a CSV file to load in place of the data that come along; repeat it for a source of several files",
    )  # fmt: skip
    backfill.add_argument(
        "--replace", action="store_true",
        help="start the data set over from this source: its arrivals and predictions are removed",
    )  # fmt: skip
    backfill.add_argument(
        "--accept-unusual", action="store_true",
        help="take a source whose values are possible but not plausible, or of which many rows are broken",
    )  # fmt: skip

    features = _verb(verbs, "features", commands.features, "Add the samples of every day that is due.")
    _datasets(features)
    _date(features)
    _per_day(features, default=1)
    features.add_argument(
        "--arrivals", choices=tuple(ARRIVALS), default=next(iter(ARRIVALS)),
        help="simulate new samples, or release the real reserve rows, each once (default: simulate)",
    )  # fmt: skip
    _scenario(features)

    train = _verb(verbs, "train", commands.train, "Train, register and, where it is earned, promote a new version.")
    _tasks(train)
    train.add_argument("--search", choices=("quick", "full"), default="full", help="how long to search (default: full)")
    train.add_argument("--seed", type=_whole(0, 2**32 - 1), default=0, metavar="N", help="default: 0")
    train.add_argument(
        "--promote", choices=("auto", "always", "never"), default="auto",
        help="auto: only when it beats the champion; always or never: as you say (default: auto)",
    )  # fmt: skip

    infer = _verb(verbs, "infer", commands.infer, "Predict every arrival that the champion has not predicted yet.")
    _tasks(infer)
    _date(infer)

    dashboard = _verb(verbs, "dashboard", commands.dashboard, "Draw the pictures and the static page anew.")
    _datasets(dashboard)


def _add_registry(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    promote = _verb(verbs, "promote", commands.promote, "Make a registered version the champion, forward or back.")
    promote.add_argument("task", choices=[task.name for task in all_tasks()], metavar="TASK", help=_known_tasks())
    promote.add_argument("version", type=_whole(1, 10**9), metavar="VERSION", help="a registered version")
    promote.add_argument("--reason", required=True, metavar="TEXT", help="why; kept in the champion log")


def _add_operations(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    status = _verb(verbs, "status", commands.status, "Show what the store holds and how the champions do.")
    status.add_argument("--json", action="store_true", help="as one JSON document")

    doctor = _verb(verbs, "doctor", commands.doctor, "Test, step by step, whether the store and the Hub can be used.")
    doctor.add_argument(
        "--deep", action="store_true", help="also read every row and compare history and versions with their checksums"
    )

    repair = _verb(verbs, "repair", commands.repair, "Mend what a wrong clock left in the store; nothing is deleted.")
    repair.add_argument(
        "--future", action="store_true", required=True,
        help="set the days after today aside, as files of the store, so that days are due again",
    )  # fmt: skip

    demo = _verb(verbs, "demo", commands.demo, "Simulate a month of operation: backfill, training, daily runs, pages.")
    demo.add_argument(
        "--days", type=_whole(1, LONGEST_DEMO), default=30, metavar="N", help="days to simulate (default: 30)"
    )
    _per_day(demo, default=10)
    demo.add_argument("--end", type=_day, metavar="YYYY-MM-DD", help="last simulated day (default: yesterday, UTC)")
    _scenario(demo)
    demo.add_argument("--yes", action="store_true", help="run it on Hopsworks too")

    publish = _verb(verbs, "publish", commands.publish, "Create or refresh the Hugging Face Spaces.")
    publish.add_argument("--dry-run", action="store_true", help="show what would change and change nothing")
    publish.add_argument("--namespace", default="", metavar="NAME", help="user or organisation (default: HF_NAMESPACE)")

    copy = _verb(verbs, "copy", commands.copy, "Copy everything from one store to the other, and verify it.")
    copy.add_argument("--from", dest="source", required=True, choices=STORES, help="the store to read")
    copy.add_argument("--to", dest="target", required=True, choices=STORES, help="the store to write")

    _verb(verbs, "serve", commands.serve, "Start both Spaces on this machine, on the current store.")


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: commands.Command,
    summary: str,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=summary, description=summary)
    parser.set_defaults(command=command)
    return parser


def _datasets(parser: argparse.ArgumentParser) -> None:
    names = [dataset.name for dataset in all_datasets()]
    parser.add_argument(
        "datasets", nargs="*", type=_one_of("data set", names), metavar="DATASET",
        help=f"{', '.join(names)} (default: all)",
    )  # fmt: skip


def _tasks(parser: argparse.ArgumentParser) -> None:
    names = [task.name for task in all_tasks()]
    parser.add_argument(
        "tasks", nargs="*", type=_one_of("task", names), metavar="TASK", help=f"{_known_tasks()} (default: all)"
    )  # fmt: skip


def _known_tasks() -> str:
    return ", ".join(task.name for task in all_tasks())


def _date(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="the run date (default: today, UTC)")


def _per_day(parser: argparse.ArgumentParser, default: int) -> None:
    parser.add_argument(
        "--per-day", type=_whole(1, MOST_PER_DAY), default=default, metavar="N",
        help=f"new samples a day and data set (default: {default})",
    )  # fmt: skip


def _scenario(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scenario", choices=SCENARIOS, default=SCENARIOS[0],
        help=f"what goes wrong with the simulated samples (default: {SCENARIOS[0]})",
    )  # fmt: skip


def _day(text: str) -> date:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it as YYYY-MM-DD") from None


def _whole(low: int, high: int) -> Parse[int]:
    def parse(given: str) -> int:
        text = given.strip()
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse


def _one_of(kind: str, names: Sequence[str]) -> Parse[str]:
    # `choices` cannot be used: with nargs="*" argparse checks the empty list against it.
    def parse(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"there is no {kind} {text!r}; choose from {', '.join(names)}")
        return text

    return parse
