"""How both apps look: the theme, the style sheet, and small pieces of HTML that screen readers understand."""

import base64
import html
import re
from collections.abc import Iterable, Mapping, Sequence

import gradio as gr

from pipelines.front.render import FAVICON
from pipelines.pictures.theme import DARK, FONTS, LIGHT

from .patient_server import be_patient

# The fonts of the reader's own machine: nothing is fetched.
SANS = [gr.themes.Font(name) for name in FONTS]
MONO = [gr.themes.Font(name) for name in ("ui-monospace", "Menlo", "Consolas", "monospace")]
THEME = gr.themes.Default(primary_hue="indigo", neutral_hue="slate", font=SANS, font_mono=MONO).set(
    body_background_fill=LIGHT.paper,
    body_background_fill_dark=DARK.paper,
    body_text_color=LIGHT.ink,
    body_text_color_dark=DARK.ink,
    # The theme's own are too pale to read (contrast below 4.5).
    block_info_text_color=LIGHT.soft,
    block_info_text_color_dark=DARK.soft,
    body_text_color_subdued=LIGHT.soft,
    body_text_color_subdued_dark=DARK.soft,
    block_background_fill=LIGHT.card,
    block_background_fill_dark=DARK.card,
    border_color_primary=LIGHT.line,
    border_color_primary_dark=DARK.line,
    button_primary_background_fill=LIGHT.accent,
    button_primary_background_fill_hover=LIGHT.course,
    button_primary_background_fill_dark=LIGHT.accent,
)

# More than any file that the app takes: Gradio's own refusal says less.
LARGEST_UPLOAD = "6mb"
# Gradio keeps a third of a megabyte for each caller it has ever seen; these are the newest.
MOST_SESSIONS = 200
# Gradio looks a thousand times a second whether somebody asks: a twelfth of a processor while nobody does.
LOOK_FOR_QUESTIONS_SECONDS = 0.02
SIGNPOSTS = {"predict": "Beat the model", "monitor": "Monitor", "site": "Page", "repository": "Source"}
LEAST_BAR = 0.0005  # what is shown as 0.0
LONGEST_LINE = 40  # characters of a cell that stay on one line

CSS = """
.gradio-container {max-width: 1180px !important; width: 100% !important; min-width: 0; margin: 0 auto !important}
.gradio-container main, .gradio-container main > *, .gradio-container .column {min-width: 0}
button[role=tab][aria-selected=true] {color: #4338ca !important}
.dark button[role=tab][aria-selected=true] {color: #a5b4fc !important}
footer, footer * {color: var(--body-text-color) !important}
.signposts {display: flex; gap: .3em 1.2em; flex-wrap: wrap}
.note, .warning, .late {border-left: 4px solid; border-radius: 4px; padding: .6em .9em; margin: .4em 0;
  color: var(--body-text-color); background: var(--background-fill-secondary)}
.note {border-color: #4f46e5} .warning {border-color: #b45309} .late {border-color: #b91c1c}
.late strong {color: #b91c1c} .dark .late strong {color: #fca5a5}
.answer {display: flex; gap: 1.2em; align-items: center; flex-wrap: wrap}
.answer img {width: 130px; height: 130px; flex: none}
.answer .words {flex: 1 1 220px}
.answer .verdict {font-size: 1.9em; font-weight: 700; line-height: 1.15; margin: 0}
.answer p {margin: .25em 0}
.scroll {overflow-x: auto}
.caption {font-weight: 600; margin: .9em 0 .3em !important}
table.plain {width: 100%; border-collapse: collapse; font-size: .93em; margin: 0}
table.plain, table.plain tr, table.plain thead, table.plain tbody {border: none !important}
table.plain th, table.plain td {text-align: left; padding: .3em .6em .3em 0; border: none !important;
  border-bottom: 1px solid var(--border-color-primary) !important; vertical-align: top}
table.plain th[scope=row] {font-weight: 500; white-space: nowrap}
table.plain td {white-space: nowrap} table.plain td.words {white-space: normal; min-width: 10em}
table.plain .number {text-align: right; font-variant-numeric: tabular-nums}
table.plain td:has(.bar), table.plain th.bars {width: 40%; min-width: 5em; vertical-align: middle}
.bar {display: block; height: .8em; min-width: 2px; border-radius: 3px; background: #4f46e5}
.bar.away {background: #b45309}
.truth {font-weight: 600} .truth.right {color: #15703f} .truth.wrong {color: #b91c1c}
.dark .truth.right {color: #7fd6a4} .dark .truth.wrong {color: #fca5a5}
[id^=answer-] {min-height: 62em} /* so that a refusal moves nothing */
.brief {display: none}
/* On a phone the answer is below the inputs: its gist stays in sight. */
@media (max-width: 700px) {[id^=source-] {position: sticky; top: 0; z-index: 5; border-bottom: 1px solid;
  background: var(--body-background-fill) !important} .brief {display: block; font-size: 1.15em; margin: 0;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis}}
/* Also those that Gradio measures, unseen, to know how many have room. */
@media (max-width: 500px) {table.plain th[scope=row] {white-space: normal; min-width: 6em}
  table.plain th, table.plain td {padding-right: .4em} table.plain td:has(.bar) {width: 15%; min-width: 2em}
  .tab-container button {padding-left: .35em !important; padding-right: .35em !important}}
.stale {opacity: .45} .result.stale::before {content: "For the values before your edit"; display: block}
.inputs {display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)); gap: .9em 1.2em}
.inputs + details summary {margin: .9em 0; cursor: pointer}
.inputs .field {border: 0; margin: 0; padding: 0; min-width: 0}
.inputs label, .inputs legend {font-weight: 600; padding: 0}
.inputs label span, .inputs small, .measurements em {color: var(--body-text-color-subdued); font-weight: 400}
.inputs small {display: block; font-size: .82em; line-height: 1.35}
.inputs .pair {display: flex; gap: .8em; align-items: center; min-height: 2.6em}
.inputs .pair label {font-weight: 400; padding: .4em .2em}
.inputs input[type=search] {width: 100%} .guess {display: flex; gap: .6em}
.inputs input[type=number] {width: 6.5em}
.inputs input[type=number], .inputs input[type=search], .guess input {padding: .45em .6em;
  border: 1px solid var(--neutral-500); border-radius: 6px;
  background: var(--input-background-fill); color: var(--body-text-color); font: inherit}
.tasks {display: flex; flex-wrap: wrap; gap: .2em 1.3em; margin: 0 0 .6em; padding: .3em .9em .5em; border-radius: 8px;
  border: 1px solid var(--border-color-primary); background: var(--block-background-fill)}
.tasks legend {color: var(--body-text-color-subdued); padding: 0 .3em} .tasks label {padding: .4em 0; cursor: pointer}
.inputs input[type=radio], .tasks input[type=radio] {appearance: auto; width: 1.1em; height: 1.1em;
  accent-color: #4f46e5; background: none;
  border: 0; box-shadow: none; vertical-align: -.15em}
.inputs input[type=range] {flex: 1; min-width: 5em; height: 2em; accent-color: #4f46e5} .inputs .unset {opacity: .4}
.score {display: flex; gap: .3em 1.6em; flex-wrap: wrap; align-items: baseline} .score b {font-size: 1.7em}
.play {display: grid; gap: 1em; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr))}
.play .card {border: 1px solid var(--border-color-primary); border-radius: 14px; padding: 1em;
  background: var(--block-background-fill)}
.play .card img {width: 150px; height: 150px; display: block; margin: 0 auto .5em}
.measurements {list-style: none; margin: 0; padding: 0}
.measurements li {display: grid; grid-template-columns: 1fr minmax(80px, 130px); gap: .7em; align-items: center;
  padding: .3em 0; border-top: 1px solid var(--border-color-primary)}
.measurements em {display: block; font-style: normal; font-size: .88em}
.rail {position: relative; height: 3px; background: var(--border-color-primary); border-radius: 2px}
.rail i {position: absolute; top: -2px; height: 7px; border-radius: 4px; background: #9cc7ae}
.dark .rail i {background: #3c6650}
.rail b {position: absolute; top: -5px; width: 12px; height: 12px; margin-left: -6px; border-radius: 50%;
  background: #3d6fd1}
.ask {font-size: 1.2em; font-weight: 700; margin: 0 0 .6em} .choices {display: grid; gap: .5em; margin-bottom: .8em}
.choices button, .choice {padding: .8em 1em; border-radius: 10px; border: 1.5px solid var(--neutral-400); font: inherit;
  font-weight: 600; text-align: left; background: var(--block-background-fill); color: var(--body-text-color)}
.choices button {cursor: pointer} .choices button:hover {border-color: #4f46e5}
.choice {display: flex; justify-content: space-between; gap: .3em 1em; flex-wrap: wrap; opacity: .9}
.choice small {font-weight: 400; font-size: .88em} .choice.mine {border-color: #4f46e5; box-shadow: 0 0 0 1px #4f46e5}
.choice.truth {background: #e3f3ea; color: #14321f; border-color: #15703f}
.dark .choice.truth {background: #173226; color: #e6f4ec}
.next {background: #4f46e5; color: #fff; font: inherit; font-weight: 700; border: 0; border-radius: 999px;
  padding: .7em 1.4em; cursor: pointer; margin-top: .8em}
.play .card button:focus-visible, .inputs input:focus-visible {outline: 3px solid #a5b4fc; outline-offset: 2px}
"""


def launch(demo: gr.Blocks, description: str, *, tools: bool, css: str = "") -> None:
    """Serve an app until it is stopped, with its endpoints as tools for MCP clients or without.

    Host and port come from Gradio's own environment variables.

    Parameters
    ----------
    description
        What the app is for, in a sentence, for search engines and where people share its address.
    """
    be_patient()
    demo._queue.sleep_when_free = LOOK_FOR_QUESTIONS_SECONDS  # noqa: SLF001 - there is no setting for it
    demo.launch(
        theme=THEME,
        favicon_path=str(FAVICON),
        head=f'<meta name="description" content="{attribute(description)}">'
        f'<meta property="og:description" content="{attribute(description)}">',
        css=CSS + css,
        show_error=True,
        mcp_server=tools,
        ssr_mode=False,
        max_file_size=LARGEST_UPLOAD,
        state_session_capacity=MOST_SESSIONS,
        footer_links=["api", "gradio"],
        # Else it asks for its own page and gives up when that takes three seconds.
        _frontend=False,
    )


def signposts(links: Mapping[str, str]) -> str:
    """Where the other parts of the system are, as far as that is known; a Space lies inside another page."""
    posts = [
        f'<a href="{attribute(links[name])}" target="_blank" rel="noopener">{words}</a>'
        for name, words in SIGNPOSTS.items()
        if links.get(name, "").startswith(("https://", "http://"))
    ]
    return f'<nav class="signposts" aria-label="Parts of the system">{" ".join(posts)}</nav>' if posts else ""


def text(value: object) -> str:
    """A value as HTML text."""
    return html.escape(str(value))


def attribute(value: object) -> str:
    """A value inside the quotes of an attribute."""
    return html.escape(str(value), quote=True)


def unmarked(words: str) -> str:
    """Words for a message, which Gradio shows as HTML and gives to programs as it is: without signs of markup."""
    return words.translate(str.maketrans("<>", "()"))


def note(words: str, kind: str = "note") -> str:
    """A paragraph that stands out; `kind` is note, warning or late. `words` is HTML."""
    return f'<div class="{kind}">{words}</div>'


def empty(words: str) -> str:
    """What stands where there is nothing yet: what will appear, and when. `words` is plain text."""
    return note(text(words))


def image(content: bytes, alternative: str, kind: str = "png") -> str:
    """A picture inside the page, a PNG or of another `kind`, with the text that stands for it."""
    data = base64.b64encode(content).decode("ascii")
    return f'<img src="data:image/{kind};base64,{data}" alt="{html.escape(alternative, quote=True)}">'


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the row. The cells are HTML; columns of numbers are set to the right."""
    lines = list(rows)
    numeric = [number > 0 and all(map(_is_number, column)) for number, column in enumerate(zip(*lines, strict=True))]
    top = "".join(f'<th scope="col"{_side(right)}>{text(name)}</th>' for name, right in zip(head, numeric, strict=True))
    body = "".join(f"<tr>{_row(cells, numeric)}</tr>" for cells in lines)
    # A region that scrolls has to be reached by keyboard, and then needs a name.
    return (
        f'<p class="caption">{text(caption)}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(caption, quote=True)}">'
        f'<table class="plain"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def bar(share: float, kind: str = "") -> str:
    """A bar as wide as `share` (0 to 1) of its cell, none for nothing; decoration, the number stands beside it."""
    if share < LEAST_BAR:
        return ""
    return f'<span class="bar {kind}" style="width:{max(0.0, min(share, 1.0)):.1%}" aria-hidden="true"></span>'


def _row(cells: Sequence[str], numeric: Sequence[bool]) -> str:
    first, *rest = cells
    return f'<th scope="row">{first}</th>' + "".join(
        f"<td{_side(right)}>{cell}</td>" if len(cell) <= LONGEST_LINE else f'<td class="words">{cell}</td>'
        for cell, right in zip(rest, numeric[1:], strict=True)
    )


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"([+-]?[\d.,]+%?|-)?", cell) is not None


def _side(right: bool) -> str:
    return ' class="number"' if right else ""
