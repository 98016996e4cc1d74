"""Which browser the tests of the pages use: any Chromium that this machine has."""

import shutil

CANDIDATES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def chromium() -> str:
    """The path of the first one found; an error that says what to install where there is none."""
    found = next(filter(None, map(shutil.which, CANDIDATES)), None)
    if found is None:
        raise FileNotFoundError("No Chromium found. On Debian: apt-get install chromium; elsewhere install Chrome.")
    return found


if __name__ == "__main__":
    print(chromium())  # noqa: T201 - `make browser` asks
