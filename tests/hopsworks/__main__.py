"""Run the emulator by hand: `python -m tests.hopsworks`."""

from tests.hopsworks.emulator.__main__ import main

main()
