"""What the verbs do that look after a repository: what to look at, what a change does, where a version comes from.

As in `commands`, a verb imports what it needs when it runs.
"""

import json
from typing import TYPE_CHECKING

import typer

from pipelines.cli import arguments as cli
from pipelines.cli.commands import MODELS, OPERATION, verb
from pipelines.cli.run import Run
from pipelines.errors import NotReadyError, UsageError

if TYPE_CHECKING:
    from pipelines.datasets import Task

# What `alarms` ends with where there are some: neither done and well (0) nor failed (1).
ALARMED = 3


@verb(rich_help_panel=MODELS)
def compare(
    ctx: typer.Context, tasks: cli.Tasks = None, *, search: cli.Search = "quick", output: cli.Output = None
) -> None:
    """Train the code as it is and set it against the champions; registers nothing."""
    from pipelines.datasets import all_tasks
    from pipelines.documents.comparison import SCHEMA_VERSION, Comparison, Comparisons
    from pipelines.training.comparison import compare as compare_task
    from pipelines.training.comparison import comparison_sentence

    run: Run = ctx.obj
    runs = run.settings.store_dir / "runs"
    told: dict[str, Comparison] = {}

    def meet(task: "Task") -> None:
        with run.step(f"compare {task.name}"):
            told[task.name] = compare_task(run.store, task, runs=runs, now=run.now, search=search)
        run.show(comparison_sentence(task.name, told[task.name]))

    try:
        run.each_task(tasks, meet)
    finally:
        if output:
            failed = [name for name in tasks or [task.name for task in all_tasks()] if name not in told]
            document: Comparisons = {"schema_version": SCHEMA_VERSION, "tasks": told, "failed": failed}
            output.write_text(json.dumps(document), encoding="utf-8")


@verb(rich_help_panel=MODELS)
def attested(ctx: typer.Context, task: cli.Task, version: cli.Version) -> None:
    """Say whether GitHub attests that its workflow trained a version."""
    from pipelines.cli.attestation import attested as asked
    from pipelines.cli.attestation import name_of_clone
    from pipelines.datasets import task_named

    run: Run = ctx.obj
    chosen, repository = task_named(task), run.settings.github.repository or name_of_clone()
    run.show(f"{task}, version {version}: {asked(run.store, chosen, version, repository)}.")


@verb(rich_help_panel=OPERATION)
def alarms(ctx: typer.Context, *, json_: cli.AsJson = False, output: cli.Output = None) -> None:
    """Say what somebody should look at; ends with 3 where there is something."""
    from pipelines.cli.alarms import alarms as alarms_of
    from pipelines.cli.alarms import render

    run: Run = ctx.obj
    document = alarms_of(run.store, run.now)
    as_json = json.dumps(document, indent=2, sort_keys=True)
    if output:
        output.write_text(as_json, encoding="utf-8")
    print(as_json if json_ else render(document))
    if document["alarms"]:
        raise typer.Exit(ALARMED)


@verb(rich_help_panel=OPERATION)
def workflows(*, check: cli.CheckOnly = False, write: cli.Write = False) -> None:
    """Offer on GitHub's buttons what the registry has; without an option, only check."""
    from pipelines.cli.workflows import WRITE, stale_choices, write_choices

    if check and write:
        raise UsageError("--check and --write exclude each other; give one of them.")
    stale = write_choices() if write else list(stale_choices())
    if stale and not write:
        raise NotReadyError(f"{', '.join(stale)}: the choices are not those of the registry. Write them: {WRITE}")
    print("\n".join(f"{file}: written; commit it" for file in stale) or "The workflows offer what the registry has.")
