"""A Hopsworks cluster in one process, for the tests and for trying the full tier without an account.

Its README, one folder up, says what it reproduces and what it does not.
"""
