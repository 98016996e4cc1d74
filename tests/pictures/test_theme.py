"""The palette is readable: text on every background that it stands on."""

import pytest

from pipelines.pictures.theme import DARK, LIGHT

# WCAG 2.2, success criterion 1.4.3.
LEAST_CONTRAST = 4.5
ON = {
    "ink": ("paper", "card", "shade", "ok_paper", "bad_paper", "late_paper", "quiet_paper", "band"),
    "soft": ("paper", "card", "shade", "ok_paper", "bad_paper", "late_paper", "quiet_paper"),
    "accent": ("paper", "card"),
    "ok": ("card", "ok_paper"),
    "bad": ("card", "bad_paper"),
    "late": ("card", "late_paper"),
    "quiet": ("card", "quiet_paper"),
    "course": ("card",),
}


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_what_it_stands_on(theme):
    for text, grounds in ON.items():
        for ground in grounds:
            dark, light = sorted(luminance(getattr(theme, name)) for name in (text, ground))
            assert (light + 0.05) / (dark + 0.05) >= LEAST_CONTRAST, (text, ground)
