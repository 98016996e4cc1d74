"""One training run: the notebook executed through papermill, and the version that comes of it.

papermill accepts a misspelt parameter with a warning, and puts parameters before the notebook's own defaults, which
then win, where no cell is tagged `parameters` (papermill issues 245 and 251). Here both are errors.
"""

import ast
import contextlib
import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import nbformat
import papermill
from joblib import cpu_count
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.exceptions import PapermillException, PapermillExecutionError

from pipelines.datasets import Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.errors import NotebookError
from pipelines.settings import read_settings
from pipelines.stores.base import Store
from pipelines.training.pipeline import TrainingReport, decide_left_over, register_candidate

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NOTEBOOK = NOTEBOOKS / "training.ipynb"
# Which notebook trains a task, by the kind of its outcome.
BY_KIND = {Classes.kind: NOTEBOOK, Number.kind: NOTEBOOKS / "training_number.ipynb"}

# The kernel that ipykernel installs beside this very Python, whatever a notebook was saved with.
KERNEL = "python3"

# A machine that is busy starts a kernel slowly; a kernel that dies is noticed at once.
START_SECONDS = 600

# How the folder of a run begins.
RUN_TIME = "%Y%m%dT%H%M%SZ"

# Who looks into a training that failed does so within a week.
CANDIDATE_KEPT = timedelta(days=7)

# A training that goes on: the folder of the candidate and the executed notebook.
Candidate: TypeAlias = Future[tuple[Path, Path]]

log = logging.getLogger(__name__)


class EncryptedKernelManager(AsyncKernelManager):
    """Talks to the kernel over an encrypted connection, which is not the default: others may use the machine."""

    transport_encryption = "required"

    async def _async_interrupt_kernel(self) -> None:
        # Jupyter interrupts before it ends, of which a kernel that has nothing to do may tell as of an error.
        if not self.shutting_down:
            await super()._async_interrupt_kernel()


class Kernels:
    """The kernels of notebooks that run at once: each is told its share of the processors, and all can be ended."""

    def __init__(self, notebooks: int) -> None:
        # As it is now: while the store is asked, its client sees fewer variables. Of joblib's number of processors each
        # kernel has its share.
        share = max(int(cpu_count()) // notebooks, 1)
        self.environment = {**os.environ, "LOKY_MAX_CPU_COUNT": str(share)}
        self._started: list[AsyncKernelManager] = []
        self._ended = False

    def manager(self) -> type[EncryptedKernelManager]:
        """The class of managers that start these kernels."""
        kernels = self

        class SharingKernelManager(EncryptedKernelManager):
            async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # noqa: ANN401 - jupyter's own
                await super().start_kernel(**options, env=kernels.environment)
                kernels.add(self)

        return SharingKernelManager

    def add(self, manager: AsyncKernelManager) -> None:
        """Note a kernel that has started."""
        self._started.append(manager)
        if self._ended:
            self.end()

    def end(self) -> None:
        """Kill every kernel, also one that starts only now; its notebook then fails."""
        self._ended = True
        for manager in self._started:
            if isinstance(manager.provisioner, LocalProvisioner) and manager.provisioner.process:
                manager.provisioner.process.kill()


def train_task(
    store: Store,
    task: Task,
    *,
    runs: Path,
    now: datetime,
    who: str,
    search: str,
    seed: int,
    promote: str,
    begun: Candidate | None = None,
) -> TrainingReport:
    """Train a task in the notebook, register the candidate with the executed notebook, and decide on the champion.

    The executed notebook stays in `runs`, also when a cell failed; nothing is registered then. Nothing is trained
    where a run that was killed has registered the same already: it is decided on.

    Parameters
    ----------
    begun
        The candidate, where its training has begun already.
    """
    left = decide_left_over(store, task, size=search, seed=seed, now=now, who=who, promote=promote)
    if left:
        return left
    if begun:
        candidate, executed = begun.result()
    else:
        remove_old_candidates(runs, now)
        candidate, executed = train_candidate(task, runs=runs, now=now, search=search, seed=seed)
    report = register_candidate(store, task, candidate=candidate, notebook=executed, now=now, who=who, promote=promote)
    shutil.rmtree(candidate)
    return report


@contextlib.contextmanager
def begun_trainings(
    times: Mapping[Task, datetime], *, runs: Path, search: str, seed: int
) -> Iterator[Mapping[Task, Candidate]]:
    """Begin to train tasks in notebooks, each at its time: as many at once as there are processors.

    An error in the block ends all of them.
    """
    at_once = min(len(times), int(cpu_count())) or 1
    kernels = Kernels(at_once)
    train = partial(train_candidate, runs=runs, search=search, seed=seed, manager=kernels.manager())
    # Before any of them has begun, since one may be of a time that is long past for another.
    for now in times.values():
        remove_old_candidates(runs, now)
    with ThreadPoolExecutor(at_once) as pool:
        try:
            yield {task: pool.submit(train, task, now=now) for task, now in times.items()}
        except BaseException:
            # Nobody waits for what nobody will take.
            pool.shutdown(wait=False, cancel_futures=True)
            kernels.end()
            raise


def train_candidate(
    task: Task,
    *,
    runs: Path,
    now: datetime,
    search: str,
    seed: int,
    manager: type[AsyncKernelManager] = EncryptedKernelManager,
) -> tuple[Path, Path]:
    """Train a task in the notebook; returns the folder of the candidate and the executed notebook."""
    folder = new_run_folder(runs, f"{now:{RUN_TIME}}-train-{task.name}")
    candidate = folder / "candidate"
    parameters = {"task": task.name, "search": search, "seed": seed, "output": str(candidate)}
    executed = run_notebook(BY_KIND[task.outcome.kind], folder / "training.ipynb", parameters, manager=manager)
    return candidate, executed


def new_run_folder(runs: Path, name: str) -> Path:
    """Make a folder for one run alone; of runs with one name the second gets a number."""
    folder, number = runs / name, 1
    while True:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
            folder = runs / f"{name}-{number}"
        else:
            return folder


def remove_old_candidates(runs: Path, now: datetime) -> None:
    """Remove what runs that failed or were killed left besides their notebooks; age is told by the folder's name."""
    for candidate in runs.glob("*-train-*/candidate"):
        begun = candidate.parent.name.partition("-")[0]
        try:
            age = now - datetime.strptime(begun, RUN_TIME).replace(tzinfo=UTC)
        except ValueError:
            continue
        if age > CANDIDATE_KEPT:
            shutil.rmtree(candidate)


def run_notebook(
    source: Path,
    output: Path,
    parameters: Mapping[str, Any],
    *,
    manager: type[AsyncKernelManager] = EncryptedKernelManager,
) -> Path:
    """Execute a notebook with parameters and return the executed copy.

    The copy is written as cells finish, so it is there to read when one fails; what a server may have answered with is
    in it, but no secret of the settings. The source is never written to.

    Raises
    ------
    NotebookError
        The notebook has no cell tagged `parameters`, does not know one of `parameters` or has it with another
        type, would be overwritten, or one of its cells failed.
    """
    _check(source, output, parameters)
    output.parent.mkdir(parents=True, exist_ok=True)
    log.debug("running %s with %s", source.name, ", ".join(f"{name}={value!r}" for name, value in parameters.items()))
    try:
        papermill.execute_notebook(
            str(source),
            str(output),
            parameters=dict(parameters),
            kernel_name=KERNEL,
            kernel_manager_class=manager,
            start_timeout=START_SECONDS,
            # The bar goes when its notebook is done: what is told next begins on a clean line.
            progress_bar={"leave": False} if sys.stderr.isatty() else False,
        )
    except KeyboardInterrupt:
        # A terminal interrupts the kernel as well; where in its work that was, asyncio would tell at length.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        raise
    except PapermillExecutionError as error:
        raise NotebookError(
            f"{source.name} failed in cell {error.exec_count}: {error.ename}: {error.evalue} Read {output}."
        ) from error
    except (PapermillException, RuntimeError) as error:
        raise NotebookError(f"{source.name} could not be run: {error}. What there is of it is in {output}.") from error
    finally:
        _redact(output)
    return output


def declared_parameters(source: Path) -> dict[str, Any]:
    """The parameters of a notebook with their defaults, from the cell that is tagged `parameters`.

    Raises
    ------
    NotebookError
        There is no such notebook or no such cell, or a default is not a plain value.
    """
    for cell in _read(source).cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            lines = ast.parse(cell.source).body
            return dict(_assignment(source, line) for line in lines if isinstance(line, ast.Assign | ast.AnnAssign))
    raise NotebookError(f"{source} has no code cell tagged 'parameters'. Tag the cell that sets its defaults.")


def _check(source: Path, output: Path, parameters: Mapping[str, Any]) -> None:
    if output.resolve() == source.resolve():
        raise NotebookError(f"The executed notebook would overwrite its source {source}. Give another output path.")
    declared = declared_parameters(source)
    for name, value in parameters.items():
        if name not in declared:
            raise NotebookError(f"{source.name} has no parameter {name!r}; it has {', '.join(declared)}.")
        wanted = type(declared[name])
        if type(value) is not wanted:
            raise NotebookError(
                f"The parameter {name} of {source.name} is {value!r}, a {type(value).__name__}; "
                f"it must be a {wanted.__name__}."
            )


def _redact(notebook: Path) -> None:
    if notebook.exists():
        text = notebook.read_text(encoding="utf-8")
        redacted = read_settings().redacted(text)
        if redacted != text:
            notebook.write_text(redacted, encoding="utf-8")


def _read(source: Path) -> nbformat.NotebookNode:
    try:
        return nbformat.read(source, as_version=4)  # type: ignore[no-untyped-call, no-any-return]
    except OSError as error:
        raise NotebookError(f"Cannot read the notebook {source}: {error.strerror}.") from error
    except nbformat.reader.NotJSONError as error:
        raise NotebookError(f"{source} is not a notebook. Give the path of an .ipynb file.") from error


def _assignment(source: Path, line: ast.Assign | ast.AnnAssign) -> tuple[str, Any]:
    target = line.targets[0] if isinstance(line, ast.Assign) else line.target
    try:
        if isinstance(target, ast.Name) and line.value:
            return target.id, ast.literal_eval(line.value)
    except ValueError:
        pass
    raise NotebookError(f"{source.name}: the default of {ast.unparse(line)!r} is not a plain value. Write a literal.")
