"""Text from elsewhere: whatever it says, a reader sees it and GitHub does nothing about it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from workflows.scripts import load

quiet = load("quiet").quiet

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ACTIVE = [
    *("<!-- x -->", "<script>", "@ada", "#12", "GH-12", "https://a.example", "www.a.example", "[a](b)", "![a](b)"),
    *("`", "**", "__", "~~", "|", "\\", "&lt;", "\n\n", "\n# ", "- ", "+ ", "1. ", "    ", "$x$", "\x00", "\u202e"),
]


def reading(text):
    """The tags of what GitHub would make of it, and the words."""
    page = MARKDOWN.render(text)
    return set(re.findall(r"<(\w+)", page)), re.sub(r"<[^>]*>", "", page)


@given(st.lists(st.sampled_from(ACTIVE) | st.text(max_size=5), max_size=8).map("".join))
def test_nothing_but_a_paragraph_comes_of_it(text):
    told = quiet(text)
    tags, words = reading(told)
    assert tags <= {"p"}
    assert not re.search(r"@\w|#\d|://|www\.\w|GH-\d", words)
    assert "\n" not in told
    assert "-->" not in told


def test_what_is_shown_is_what_was_written():
    _, words = reading(quiet("a < b & *c* [d] 50 % (95 %)"))
    assert words.strip() == "a &lt; b &amp; *c* [d] 50 % (95 %)"


@pytest.mark.parametrize("begin", ["- a", "+ a", "* a", "1. a", "2) a", "# a", "> a", "```", "---", "===", "| a |"])
def test_the_beginning_of_a_block_begins_none(begin):
    assert reading(quiet(begin))[0] == {"p"}


def test_what_is_too_long_is_cut_off():
    assert quiet("a" * 10**6, 10) == "a" * 10 + "..."
