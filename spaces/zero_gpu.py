"""The function on a graphics card without which ZeroGPU refuses to start a Space; nothing ever calls it.

`spaces` is the Hub's own package here, which has to be imported before whatever else might touch a graphics card. On
any other machine that name means this folder, or nothing.
"""

try:
    from spaces import GPU  # type: ignore[attr-defined]
except ImportError:
    pass
else:

    @GPU  # type: ignore[untyped-decorator]
    def unused() -> None:
        """Stand for the function that ZeroGPU looks for."""
