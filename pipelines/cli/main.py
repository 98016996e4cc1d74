"""The command line: one verb a pipeline, several in a row. Reads the clock once, and turns errors into exit codes."""

import contextlib
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from pipelines import __version__
from pipelines.cli import repository  # noqa: F401 - its verbs are there once it is imported
from pipelines.cli.commands import app
from pipelines.cli.output import prepare_streams, refusal
from pipelines.cli.run import Run
from pipelines.errors import PipelineError, UsageError
from pipelines.settings import read_active

# What is answered whatever the settings are.
ABOUT = {"--help", "--version"}
# Between a verb and the one that the same process does next.
THEN = "--then"
# These announce at INFO what is of use to their own developers only.
CHATTY_LOGGERS = ("papermill", "matplotlib", "httpx", "httpx2", "httpcore", "httpcore2", "asyncio", "fontTools")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb, or each of several with `--then` between them, up to the first that does not end with 0.

    Returns 0 when it is done, 1 when it failed, 2 when it was called wrongly, 3 when `alarms` found some, 130 when it
    was interrupted.
    """
    prepare_streams()
    _configure_logging()
    run = Run(datetime.now(UTC))
    asked = sys.argv[1:] if arguments is None else arguments
    try:
        with contextlib.suppress(PipelineError) if ABOUT & {*asked} else contextlib.nullcontext():
            _limit_datasets(asked)
        return _run_each(_verbs(asked), run)
    except PipelineError as error:
        run.complain(error)
        return error.exit_code
    except OSError as error:
        run.complain(PipelineError(refusal(error)))
        return PipelineError.exit_code
    except typer.TyperException as error:
        run.complain(UsageError(error.format_message()))
        return UsageError.exit_code


def _run_each(verbs: Sequence[Sequence[str]], run: Run) -> int:
    for arguments in verbs:
        run.begin_verb()
        code: int = app(arguments, prog_name="python -m pipelines", standalone_mode=False, obj=run) or 0
        if code:
            return code
    return 0


def _verbs(asked: Sequence[str]) -> Sequence[Sequence[str]]:
    """The arguments of each verb; `UsageError`, before the first begins, where one of the others is none."""
    verbs: list[list[str]] = [[]]
    for word in asked:
        if word == THEN:
            verbs.append([])
        else:
            verbs[-1].append(word)
    known = [command.callback.__name__ for command in app.registered_commands if command.callback]
    for name in (arguments[0] if arguments else "" for arguments in verbs[1:]):
        if name not in known:
            raise UsageError(f"After {THEN} comes a verb, not {name!r}; choose from {', '.join(known)}.")
    return verbs


def _limit_datasets(asked: Sequence[str]) -> None:
    names = read_active()
    if names and not ABOUT & {*asked[:1]}:
        from pipelines.datasets import activate  # noqa: PLC0415 - it brings pandas, which light verbs do without

        activate(names)


def _configure_logging() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for name in CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"serverless-ml {__version__}")
        raise typer.Exit


@app.callback(
    subcommand_metavar="VERB [ARGUMENTS]...",
    epilog="Several verbs in one process: VERB ... --then VERB ... (it ends with the first that does not end with 0). "
    "Exit code 0: done. 1: failed, and the last line says why. 2: called wrongly. 3: alarms. 130: interrupted.",
)
def _about(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Feature, training and batch-inference pipelines over one store.

    Settings come from the environment; the README lists them.
    """
