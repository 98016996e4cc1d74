"""Take the pictures of the README: the static page of a store as a visitor sees it first, and a few rounds of the game.

    python docs/screenshots.py page STORE NAME [FOLDER]   writes NAME-light.png and NAME-dark.png
    python docs/screenshots.py game ADDRESS [FOLDER]      writes game.gif; ADDRESS is of a running app (make serve)

into FOLDER (default: docs/pictures).
"""
# ruff: noqa: INP001 - a script beside the documents

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import chromium

SCHEMES = ("light", "dark")
SIZE = {"width": 1120, "height": 980}
COLOURS = 256
# Small enough for a page that is read on a phone.
GAME_SIZE = {"width": 820, "height": 700}
GAME_COLOURS = 64
PICTURES = Path(__file__).parent / "pictures"


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


def animate(browser: Browser, address: str, folder: Path, rounds: int = 3) -> Path:
    """Play the game of the app at an address, and keep it as an animation that plays for ever."""
    tab = browser.new_page(viewport=GAME_SIZE, color_scheme="light")
    tab.goto(address)
    frames = [frame for played in range(rounds) for frame in _round(tab, played)]
    tab.close()
    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png, _ in frames]
    palette = pictures[-1].quantize(GAME_COLOURS)
    first, *others = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]
    path, durations = folder / "game.gif", [pause for _, pause in frames]
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)
    return path


def _round(tab: Page, played: int) -> Iterator[tuple[bytes, int]]:
    """What is seen of one round, each with how long it stays (milliseconds): the sample, the guess, the truth."""
    guesses = tab.locator("#game [data-guess]")
    guesses.first.wait_for()
    yield tab.screenshot(), 1700
    guess = guesses.nth(played % guesses.count())
    guess.hover()
    yield tab.screenshot(), 500
    guess.click()
    after = tab.locator("#game [data-next]")
    after.wait_for()
    yield tab.screenshot(), 2600
    after.click()


def main(what: str, source: str, *rest: str) -> None:
    """Take what is asked for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        if what == "game":
            animate(browser, source, Path(rest[0]) if rest else PICTURES)
        else:
            name, *folder = rest
            take(browser, Path(source) / "site" / "index.html", name, Path(folder[0]) if folder else PICTURES)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
