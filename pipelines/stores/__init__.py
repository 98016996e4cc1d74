"""Where everything is kept: one protocol (`base`), and a folder (`embedded`) or Hopsworks (`hopsworks`) behind it."""

from pipelines.settings import Settings
from pipelines.stores.base import Store


def open_store(settings: Settings) -> Store:
    """The store that the settings name."""
    # Both clients are heavy to import, and who only describes a feature group needs neither.
    if settings.store == "embedded":
        from pipelines.stores.embedded import EmbeddedStore  # noqa: PLC0415

        return EmbeddedStore(settings.store_dir)
    from pipelines.stores.hopsworks import HopsworksStore  # noqa: PLC0415

    return HopsworksStore(settings)
