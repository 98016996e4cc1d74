"""Where everything is kept: one protocol (`base`), and a folder (`embedded`) or Hopsworks (`hopsworks`) behind it."""

from pipelines.errors import SettingError
from pipelines.settings import Settings
from pipelines.stores.base import Store


def open_store(settings: Settings) -> Store:
    """The store that the settings name.

    Raises
    ------
    SettingError
        The engine does not go with the store, or is not installed.
    """
    # Both clients are heavy to import, and who only describes a feature group needs neither.
    if settings.engine == "spark":
        return _spark_store(settings)
    if settings.store == "embedded":
        from pipelines.stores.embedded import EmbeddedStore  # noqa: PLC0415

        return EmbeddedStore(settings.store_dir)
    from pipelines.stores.hopsworks import HopsworksStore  # noqa: PLC0415

    return HopsworksStore(settings)


def _spark_store(settings: Settings) -> Store:
    if settings.store != "embedded":
        raise SettingError(
            f"ENGINE=spark reads the embedded store, and STORE is {settings.store}. Unset ENGINE; for Spark copy all "
            f"first (python -m pipelines copy --from {settings.store} --to embedded), then set STORE to embedded."
        )
    from pipelines.stores.spark.store import SparkStore  # noqa: PLC0415

    return SparkStore(settings.store_dir, settings.spark_master)
