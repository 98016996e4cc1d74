"""Take the screenshots of the README: the static page of a store, by day and by night, as a visitor sees it first.

    python docs/screenshots.py STORE NAME [FOLDER]

writes NAME-light.png and NAME-dark.png into FOLDER (default: docs/pictures).
"""
# ruff: noqa: INP001 - a script beside the documents

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import chromium

SCHEMES = ("light", "dark")
SIZE = {"width": 1120, "height": 980}
COLOURS = 256


def take(browser: Browser, page: Path, name: str, folder: Path) -> list[Path]:
    """Screenshots of a page on this machine, one a scheme, with a palette so that they stay small."""
    taken = []
    for scheme in SCHEMES:
        tab = browser.new_page(viewport=SIZE, color_scheme=scheme)
        tab.goto(page.resolve().as_uri())
        picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        tab.close()
        taken.append(folder / f"{name}-{scheme}.png")
        picture.save(taken[-1], optimize=True)
    return taken


def main(store: Path, name: str, folder: Path) -> None:
    """Take the screenshots of the static page of a store."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        take(browser, store / "site" / "index.html", name, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).parent / "pictures")  # noqa: PLR2004 - the third is optional
