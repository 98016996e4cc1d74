"""The monitoring pipeline: how good, how different, since when; the document, the pictures and the page of it."""
