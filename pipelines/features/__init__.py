"""The feature pipeline: the history (backfill) and the days that are due (daily)."""
