"""Where everything is kept: one protocol (`base`), and a folder (`embedded`) or Hopsworks (`hopsworks`) behind it."""

from pipelines.settings import Settings
from pipelines.stores.base import Store


def open_store(settings: Settings) -> Store:
    """The store that the settings name."""
    # All clients are heavy to import, and who only describes a feature group needs none.
    if settings.store == "hopsworks":
        from pipelines.stores.hopsworks import HopsworksStore  # noqa: PLC0415

        return HopsworksStore(settings)
    if settings.engine == "spark":
        from pipelines.stores.spark.store import SparkStore  # noqa: PLC0415

        return SparkStore(settings.store_dir, settings.spark_master)
    from pipelines.stores.embedded import EmbeddedStore  # noqa: PLC0415

    return EmbeddedStore(settings.store_dir)
