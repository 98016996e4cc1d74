"""Copy the static page out of the store, whichever it is, into the folder that is named on the command line."""
# ruff: noqa: INP001, T201 - a script beside the workflows, which talks to the log of a job

import sys
from pathlib import Path

# The script is run from the root of the repository, and Python looks only where the script is.
sys.path.insert(0, str(Path(__file__).parents[2]))

from pipelines.errors import PipelineError
from pipelines.settings import read_settings
from pipelines.stores import open_store

SITE = "site/"


def main(folder: Path) -> int:
    """Write the files of the page. Returns 0, or 1 where the store has none or cannot be read."""
    try:
        store = open_store(read_settings())
        files = {name.removeprefix(SITE): store.get_file(name) for name in store.list_files(SITE)}
    except PipelineError as error:
        print(f"::error::{error}")
        return 1
    if "index.html" not in files:
        print("::error::The store has no page yet; run Inference first.")
        return 1
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content or b"")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
