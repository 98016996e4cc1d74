"""How both apps look: the theme, the style sheet, and small pieces of HTML that screen readers understand."""

import base64
import html
import re
from collections.abc import Iterable, Sequence

import gradio as gr

# The fonts of the reader's own machine: nothing is fetched.
SANS = [gr.themes.Font(name) for name in ("system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")]
MONO = [gr.themes.Font(name) for name in ("ui-monospace", "Menlo", "Consolas", "monospace")]
THEME = gr.themes.Default(primary_hue="indigo", neutral_hue="slate", font=SANS, font_mono=MONO)

# A file of the most rows that can be predicted at once has a tenth of it.
LARGEST_UPLOAD = "20mb"
LONGEST_LINE = 40  # characters of a cell that stay on one line

CSS = """
.gradio-container {max-width: 1180px !important; width: 100% !important; min-width: 0; margin: 0 auto !important}
.gradio-container main, .gradio-container main > *, .gradio-container .column {min-width: 0}
.note, .warning, .late {border-left: 4px solid; border-radius: 4px; padding: .6em .9em; margin: .4em 0;
  color: var(--body-text-color); background: var(--background-fill-secondary)}
.note {border-color: #4f46e5} .warning {border-color: #b45309} .late {border-color: #b91c1c}
.late strong {color: #b91c1c} .dark .late strong {color: #fca5a5}
.answer {display: flex; gap: 1.2em; align-items: center; flex-wrap: wrap}
.answer img {width: 130px; height: auto; background: #fff; border-radius: 8px; flex: none}
.answer .words {flex: 1 1 220px}
.answer .verdict {font-size: 1.9em; font-weight: 700; line-height: 1.15; margin: 0}
.answer p {margin: .25em 0}
.scroll {overflow-x: auto}
table.plain {width: 100%; border-collapse: collapse; font-size: .93em; border: none !important}
table.plain caption {text-align: left; font-weight: 600; padding: .8em 0 .3em}
table.plain th, table.plain td {text-align: left; padding: .3em .6em .3em 0; border: none !important;
  border-bottom: 1px solid var(--border-color-primary) !important}
table.plain th[scope=row] {font-weight: 500}
table.plain td {white-space: nowrap} table.plain td.words {white-space: normal}
table.plain td.number {text-align: right; font-variant-numeric: tabular-nums}
.bar {display: block; height: .8em; min-width: 2px; border-radius: 3px; background: #4f46e5}
.bar.away {background: #b45309}
.gallery {display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 1em}
figure.picture {margin: .5em 0} figure.picture img {max-width: 100%; height: auto; background: #fff; border-radius: 6px}
figure.picture figcaption {font-size: .9em}
"""


def launch(demo: gr.Blocks) -> None:
    """Serve an app until it is stopped; host and port come from Gradio's own environment variables."""
    demo.launch(theme=THEME, css=CSS, show_error=True, mcp_server=True, ssr_mode=False, max_file_size=LARGEST_UPLOAD)


def text(value: object) -> str:
    """A value as HTML text."""
    return html.escape(str(value))


def note(words: str, kind: str = "note") -> str:
    """A paragraph that stands out; `kind` is note, warning or late. `words` is HTML."""
    return f'<div class="{kind}">{words}</div>'


def empty(words: str) -> str:
    """What stands where there is nothing yet: what will appear, and when. `words` is plain text."""
    return note(text(words))


def image(content: bytes, alternative: str) -> str:
    """A PNG inside the page, with the text that stands for it."""
    data = base64.b64encode(content).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{html.escape(alternative, quote=True)}">'


def figure(content: bytes, words: str) -> str:
    """A PNG, and under it what it shows in words: those stand for it, so the picture itself is silent."""
    return f'<figure class="picture">{image(content, "")}<figcaption>{text(words)}</figcaption></figure>'


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the row. The cells are HTML; numbers are set to the right."""
    top = "".join(f'<th scope="col">{text(name)}</th>' for name in head)
    body = "".join(f"<tr>{_row(cells)}</tr>" for cells in rows)
    # A region that scrolls has to be reached by keyboard, and then needs a name.
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(caption, quote=True)}">'
        f'<table class="plain"><caption>{text(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def bar(share: float, kind: str = "") -> str:
    """A bar as wide as `share` (0 to 1) of its cell; decoration, the number stands beside it."""
    return f'<span class="bar {kind}" style="width:{max(0.0, min(share, 1.0)):.1%}" aria-hidden="true"></span>'


def _row(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f'<th scope="row">{first}</th>' + "".join(map(_cell, rest))


def _cell(cell: str) -> str:
    if re.fullmatch(r"[+-]?[\d.]+ ?%?", cell):
        return f'<td class="number">{cell}</td>'
    return f'<td class="words">{cell}</td>' if len(cell) > LONGEST_LINE else f"<td>{cell}</td>"
