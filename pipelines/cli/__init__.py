"""The command line: arguments, one recipe a verb, and what they print."""
