"""The publishing pipeline: what a Space consists of, and getting it onto the Hub or onto this machine."""
