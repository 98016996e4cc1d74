"""How everything looks: the colours of pictures, pages and apps, by day and by night.

One palette, so that a promised band has the same green in a notebook, on the page and in the monitor. Text keeps a
contrast of at least 4.5 to its background; nothing is said by colour alone.
"""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for.

    Attributes
    ----------
    ink, soft
        Text, and text that matters less.
    paper, card, line, shade
        The page, what lies on it, what divides it, and what stands out a little.
    accent, course, band
        Links, a score over time, and the band that was promised.
    ok, bad, late, quiet
        The four states, each with a background of its own.
    """

    ink: str
    soft: str
    paper: str
    card: str
    line: str
    shade: str
    accent: str
    course: str
    band: str
    ok: str
    ok_paper: str
    bad: str
    bad_paper: str
    late: str
    late_paper: str
    quiet: str
    quiet_paper: str

    def variables(self) -> str:
        """The colours as declarations of a style sheet: `--ink: #22212a; ...`."""
        return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in asdict(self).items())


LIGHT = Theme(
    ink="#22212a", soft="#5f5d69", paper="#faf9f6", card="#ffffff", line="#e0ddd5", shade="#f2f0ea",
    accent="#5443c0", course="#3566c4", band="#d5e9de",
    ok="#17714b", ok_paper="#e6f4ec", bad="#a93a22", bad_paper="#fdeee9",
    late="#8a5a00", late_paper="#fdf3dd", quiet="#5f5d69", quiet_paper="#efedf4",
)  # fmt: skip
DARK = Theme(
    ink="#ecebf1", soft="#aaa8b6", paper="#16161c", card="#1e1e27", line="#33323f", shade="#262631",
    accent="#ada1ff", course="#8cb0fa", band="#1f3b2e",
    ok="#6fd1a2", ok_paper="#15301f", bad="#ff9f88", bad_paper="#3a1d16",
    late="#f0c060", late_paper="#33280f", quiet="#aaa8b6", quiet_paper="#24232e",
)  # fmt: skip

FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
