"""The scheduled pipelines on Modal, as another scheduler in place of the workflows: the same verbs, the same times.

pip install --require-hashes --requirement schedulers/requirements.txt
modal secret create serverless-ml STORE=embedded        # or HOPSWORKS_API_KEY=... HF_TOKEN=...
modal deploy schedulers/modal_app.py
modal run schedulers/modal_app.py::train --search quick
"""
# ruff: noqa: INP001 - a file that Modal takes by its path

import os
import subprocess
from pathlib import Path

import modal

# In a container this file stands alone, and what follows of the image is only repeated there, not built.
ROOT = Path(__file__).parents[1]
APP_DIR = "/app"
STORE_DIR = "/store"

# What the verbs read besides their own code: the wine file, the training notebook, the Spaces and their pins.
FOLDERS = ("pipelines", "data", "notebooks", "spaces")

HOUR_S = 60 * 60

image = (
    modal.Image.debian_slim(python_version="3.11")
    .workdir(APP_DIR)
    .add_local_file(ROOT / ".github" / "actions" / "setup" / "uv.txt", f"{APP_DIR}/uv.txt", copy=True)
    .add_local_file(ROOT / "pyproject.toml", f"{APP_DIR}/pyproject.toml", copy=True)
    .add_local_file(ROOT / "requirements.txt", f"{APP_DIR}/requirements.txt", copy=True)
    .run_commands(
        "pip install --require-hashes --requirement uv.txt",
        # One image for either secret: Hopsworks' client brings all that the embedded store needs too.
        "uv pip install --system --no-build --require-hashes"
        " --requirement pyproject.toml --group hopsworks --constraint requirements.txt",
    )
    .env({"STORE_DIR": STORE_DIR})
    .add_local_file(ROOT / "requirements-core.txt", f"{APP_DIR}/requirements-core.txt")
)
for folder in FOLDERS:
    image = image.add_local_dir(ROOT / folder, f"{APP_DIR}/{folder}", ignore=["**/__pycache__"])

app = modal.App("serverless-ml", image=image, secrets=[modal.Secret.from_name("serverless-ml")])

# Keeps the embedded store; with HOPSWORKS_API_KEY in the secret it stays empty.
store = modal.Volume.from_name("serverless-ml-store", create_if_missing=True)


@app.function(schedule=modal.Cron("17 4 * * *"), volumes={STORE_DIR: store}, max_containers=1, timeout=HOUR_S)
def features() -> None:
    """Load the history where it is not there yet, and add the samples that are due."""
    _run("backfill")
    _run("features")


@app.function(schedule=modal.Cron("47 6 * * *"), volumes={STORE_DIR: store}, max_containers=1, timeout=2 * HOUR_S)
def inference() -> None:
    """Predict what is due, draw the dashboard, and refresh the Spaces where there is a token for them."""
    _run("infer")
    _run("dashboard")
    if os.environ.get("HF_TOKEN"):
        _run("publish")


@app.function(volumes={STORE_DIR: store}, max_containers=1, timeout=4 * HOUR_S)
def train(task: str = "", search: str = "full", promote: str = "auto") -> None:
    """Train one task or all, register the versions and decide on the champions."""
    _run("train", f"--search={search}", f"--promote={promote}", *([task] if task else []))


def _run(*arguments: str) -> None:
    subprocess.run(["python", "-m", "pipelines", *arguments], cwd=APP_DIR, check=True)
    # Another container sees a volume as of its last commit; a verb that failed is finished by the next run.
    store.commit()
