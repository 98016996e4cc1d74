"""Text from elsewhere in a comment or issue: as it was written, and without any effect."""
# ruff: noqa: INP001 - a module beside the workflows

import html
import re

LONGEST = 400

# Nothing that joins two characters is seen; it keeps GitHub from making links, mentions and references of them.
NOTHING = "\u200b"
_ACTIVE = re.compile(r"([@#]|://|(?<=www)\.|(?<=GH)-)", re.IGNORECASE)
_MARKUP = re.compile(r"([\\`*_{}\[\]()~|!$+-])")
_START = re.compile(r"^(\d+)([.)])")


def quiet(text: object, longest: int = LONGEST) -> str:
    """One line of Markdown that shows the text: no markup, no HTML, no links, no mentions, no marks of ours.

    Parameters
    ----------
    longest
        Characters that are shown; the rest is cut off, which three dots tell.
    """
    seen = "".join(each if each.isprintable() else " " for each in str(text)[: 4 * longest])
    line = " ".join(seen.split())
    line = line if len(line) <= longest else f"{line[:longest]}..."
    harmless = _ACTIVE.sub(lambda match: f"{match[0][0]}{NOTHING}{match[0][1:]}", line)
    return _START.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", html.escape(harmless, quote=True)))
