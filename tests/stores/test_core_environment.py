"""The embedded store under the two packages called deltalake: upstream's in the core, Hopsworks' own here.

What one wrote the other reads and goes on with: a checkout that ran the demo runs the tests, and a repository that gets
a key copies the store that it has.
"""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from small_groups import READINGS, day, readings

from pipelines.stores.embedded import EmbeddedStore

ROOT = Path(__file__).parents[2]
UV = Path(sys.prefix) / "bin" / "uv"

# All that the store imports, in the versions of the core lock.
PROJECT = """
[project]
name = "store-alone"
version = "1"
dependencies = ["deltalake", "filelock", "numpy", "pandas", "pyarrow", "tenacity"]
"""
WRITE = """
import sys
from importlib.metadata import distributions
from pathlib import Path
from small_groups import READINGS, day, readings
from pipelines.stores.embedded import EmbeddedStore

assert {d.name for d in distributions()} & {"deltalake", "hops-deltalake"} == {"deltalake"}
store = EmbeddedStore(Path(sys.argv[1]))
rows = [("a", int(number), day(int(number))) for number in sys.argv[3:]]
store.upsert(READINGS, readings(*rows, value=float(sys.argv[2])))
print(*store.read(READINGS)["value"])
"""


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    """A command that runs a program in an environment of upstream's package."""
    folder = tmp_path_factory.mktemp("core")
    (folder / "pyproject.toml").write_text(PROJECT)
    python = folder / "venv" / "bin" / "python"
    install = ["--no-build", "--require-hashes", "--constraint", str(ROOT / "requirements-core.txt")]
    for command in (
        ["venv", "--python", sys.executable, str(folder / "venv")],
        ["pip", "install", "--python", str(python), *install, "--requirement", str(folder / "pyproject.toml")],
    ):
        subprocess.run([UV, *command, "--quiet"], check=True)

    def run(program, *arguments):
        environ = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin"}
        command = [python, "-c", program, *map(str, arguments)]
        return subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout

    return run


def test_a_table_goes_on_from_one_package_to_the_other_and_back(core, tmp_path):
    assert version("hops-deltalake")
    with pytest.raises(PackageNotFoundError):
        version("deltalake")
    store = EmbeddedStore(tmp_path)
    assert core(WRITE, tmp_path, 1, 0, 1).split() == ["1.0", "1.0"]
    store.upsert(READINGS, readings(("a", 1, day(1)), ("a", 2, day(2)), value=2.0))
    assert core(WRITE, tmp_path, 3, 2, 3).split() == ["1.0", "2.0", "3.0", "3.0"]
    assert [*store.read(READINGS)["value"]] == [1.0, 2.0, 3.0, 3.0]
    assert store.newest(READINGS).date().isoformat() == day(3)
