"""The dashboard of one data set, drawn and put whole."""

from pipelines.monitoring.dashboard import refresh_pages, refresh_pictures


def refresh_dashboard(store, dataset, now, links=None):
    return refresh_pages(store, refresh_pictures(store, dataset), now, links or {})
