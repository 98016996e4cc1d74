"""Environments of their own for what the system is measured beside."""

import subprocess
import sys
from pathlib import Path


def made_environment(folder: Path, *requirements: str) -> Path:
    """The interpreter of a new environment with some requirements, installed by the uv of this environment."""
    uv = Path(sys.executable).with_name("uv")
    python = folder / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *requirements], check=True)
    return python
