"""The arguments and options that verbs share, and how their values are read."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

from pipelines.settings import STORES

# A thousand a day is the most that the documents measure; ten times that still fits one day's identifiers and times.
MOST_PER_DAY = 10_000
LONGEST_DEMO = 366

# What a help lists the choices of.
_CHOSEN = ("DATASET", "TASK", "KIND", "SCENARIO")


def day(text: str) -> date:
    """A day as the calendar writes it; blanks around it do not matter."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write it as YYYY-MM-DD") from None


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def parse(given: str | int) -> int:
        text = str(given).strip()
        # A number with more digits than the highest is not read at all, because Python refuses to from 4,300 on.
        if not text.isascii() or not text.isdigit() or len(text) > len(str(high)) or not low <= int(text) <= high:
            raise typer.BadParameter(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse


def store_kind(text: str) -> str:
    """The kind of a store."""
    if text not in STORES:
        raise typer.BadParameter(f"{text!r} is no kind of store; choose from {', '.join(STORES)}")
    return text


class Verb(TyperCommand):
    """A verb whose help says what the registry has to choose from; it is read for that help alone."""

    def format_help(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as in typer, whose types are its own
        """Print the help."""
        for param in self.params:
            if isinstance(param, TyperArgument | TyperOption) and param.metavar in _CHOSEN:
                param.help = f"{param.help} One of: {', '.join(_choices(param.metavar))}."
        super().format_help(*args, **kwargs)


def _choices(metavar: str) -> list[str]:
    from pipelines.datasets import all_datasets, all_tasks  # noqa: PLC0415 - brings pandas
    from pipelines.datasets.arrivals import ARRIVALS, SCENARIOS  # noqa: PLC0415 - same

    return {
        "DATASET": [dataset.name for dataset in all_datasets()],
        "TASK": [task.name for task in all_tasks()],
        "KIND": [*ARRIVALS],
        "SCENARIO": [*SCENARIOS],
    }[metavar]


DataSets = Annotated[
    list[str] | None, typer.Argument(metavar="DATASET", help="The data sets; all, when none is named.")
]
Tasks = Annotated[list[str] | None, typer.Argument(metavar="TASK", help="The tasks; all, when none is named.")]
Task = Annotated[str, typer.Argument(metavar="TASK", help="The task, as `status` lists them.")]
Version = Annotated[
    int, typer.Argument(metavar="VERSION", parser=whole(1, 10**9), help="A registered version, newer or older.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the champion log.")]
RunDate = Annotated[
    date | None,
    typer.Option("--date", parser=day, metavar="YYYY-MM-DD", help="The run date (default: today, UTC)."),
]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=day,
        metavar="YYYY-MM-DD",
        help="Say how they did as it was known at the end of that day (UTC); nothing is written.",
    ),
]
LastDay = Annotated[
    date | None,
    typer.Option("--end", parser=day, metavar="YYYY-MM-DD", help="Last simulated day (default: yesterday, UTC)."),
]
Days = Annotated[int, typer.Option("--days", parser=whole(1, LONGEST_DEMO), metavar="N", help="Days to simulate.")]
PerDay = Annotated[
    int,
    typer.Option("--per-day", parser=whole(1, MOST_PER_DAY), metavar="N", help="New samples a day and data set."),
]
Arrivals = Annotated[
    str | None,
    typer.Option(
        "--arrivals",
        metavar="KIND",
        help="simulate: new samples, made of reserve rows (the default); replay: the real reserve rows, each once; "
        "fetch: what a live source sends (the default where there is one).",
    ),
]
Scenario = Annotated[
    str | None,
    typer.Option("--scenario", metavar="SCENARIO", help="What goes wrong with simulated samples (default: nothing)."),
]
Sources = Annotated[
    list[Path] | None,
    typer.Option(
        "--source",
        metavar="FILE",
        help="A CSV file to load in place of the data that come along; repeat it for a source of several files.",
    ),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace", help="Start the data set over from this source: its arrivals and predictions are removed."
    ),
]
AcceptUnusual = Annotated[
    bool,
    typer.Option(
        "--accept-unusual",
        help="Take a source whose values are possible but not plausible, or of which many rows are broken.",
    ),
]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="What to call it: small letters, digits and _.")]
NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file with a header.")]
LabelColumns = Annotated[
    list[str], typer.Option("--label", metavar="COLUMN", help="What to predict; repeat it for several tasks.")
]
NumberColumns = Annotated[
    list[str] | None,
    typer.Option("--number", metavar="COLUMN", help="A column that is a number, whatever a few of its cells say."),
]
CategoryColumns = Annotated[
    list[str] | None,
    typer.Option("--category", metavar="COLUMN", help="A column whose numbers are codes, not amounts."),
]
DateColumns = Annotated[
    list[str] | None,
    typer.Option("--date", metavar="COLUMN", help="A column of dates, year first: month and weekday become features."),
]
BlankCells = Annotated[
    list[str] | None,
    typer.Option("--blank", metavar="COLUMN=VALUE", help="What a blank cell of a category is, such as sex=unknown."),
]
LeftOutColumns = Annotated[
    list[str] | None, typer.Option("--leave-out", metavar="COLUMN", help="A column that must not be used.")
]
Search = Annotated[Literal["quick", "full"], typer.Option("--search", help="How long to search.")]
Seed = Annotated[int, typer.Option("--seed", parser=whole(0, 2**32 - 1), metavar="N", help="What chance begins from.")]
Promote = Annotated[
    Literal["auto", "always", "never"],
    typer.Option("--promote", help="auto: only when it beats the champion; always or never: as you say."),
]
OnlyNew = Annotated[bool, typer.Option("--only-new", help="Train no task that has nothing new to learn; say so.")]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write it there as JSON, too.")]
Checksums = Annotated[
    Path | None,
    typer.Option("--checksums", metavar="FILE", help="Write the checksum of each new model there, as sha256sum does."),
]
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON document.")]
Future = Annotated[
    bool,
    typer.Option("--future", help="Set the days after today aside, as files of the store, so that days are due again."),
]
Deep = Annotated[
    bool,
    typer.Option("--deep", help="Also read every row, and compare history and versions with their checksums."),
]
CheckOnly = Annotated[bool, typer.Option("--check", help="Change nothing; end with 1 where they are not in step.")]
Write = Annotated[bool, typer.Option("--write", help="Write the choices into the files.")]
OnGitHub = Annotated[
    bool, typer.Option("--github", help="Look at the settings of the repository on GitHub, and at nothing else.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Run it on Hopsworks too.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]
Namespace = Annotated[
    str, typer.Option("--namespace", metavar="NAME", help="User or organisation (default: HF_NAMESPACE).")
]
From = Annotated[str, typer.Option("--from", parser=store_kind, metavar="|".join(STORES), help="The store to read.")]
To = Annotated[str, typer.Option("--to", parser=store_kind, metavar="|".join(STORES), help="The store to write.")]
