"""What the README shows and points to is there, and its screenshots can be taken again."""

import re
from pathlib import Path

import pytest
from front.documents import NOW, healthy
from PIL import Image

from pipelines.monitoring.page import render_site

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "spaces").glob("*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_points_to_is_there(document):
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    own = [link for link in links if "://" not in link and not link.startswith("../../")]
    assert [link for link in own if not (document.parent / link).exists()] == []


def test_the_screenshots_are_those_that_the_script_takes(screenshots, browser, tmp_path):
    page = tmp_path / "index.html"
    page.write_text(render_site(healthy(), {}, NOW), encoding="utf-8")
    taken = screenshots.take(browser, page, "health", tmp_path)
    kept = ROOT / "docs" / "pictures"
    assert [path.name for path in taken] == ["health-light.png", "health-dark.png"]
    for path in taken:
        with Image.open(path) as new, Image.open(kept / path.name) as old:
            assert new.size == old.size
    brightness = [Image.open(path).convert("L").resize((1, 1)).getpixel((0, 0)) for path in taken]
    assert brightness[0] > 150
    assert brightness[1] < 80


def test_the_readme_shows_every_screenshot_by_day_and_by_night():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = sorted(path.name for path in (ROOT / "docs" / "pictures").glob("*.png"))
    assert pictures
    assert [name for name in pictures if f"docs/pictures/{name}" not in text] == []
