"""Answers that no server should give: any JSON, made of the names that a client looks for, and what is cut off."""

import json

from hypothesis import strategies as st

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)


def odd_answers(names):
    """The text of any JSON whose objects have some of these names, whole or in part."""
    named = st.sampled_from(names)
    values = st.recursive(
        LEAVES | named,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(named, inner, max_size=5),
        max_leaves=12,
    )
    texts = values.map(json.dumps)
    return texts | st.builds(lambda text, share: text[: int(len(text) * share)], texts, st.floats(0, 1))


def sentence(work, kind):
    """What work says that ends in an error of this kind; empty where it does not."""
    try:
        work()
    except kind as error:
        return str(error)
    return ""
