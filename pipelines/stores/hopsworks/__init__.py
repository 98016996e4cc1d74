"""The Hopsworks store: feature groups, model registry and files of one Hopsworks project, through its Python client.

What is odd about the client and its server is handled in this package and nowhere else. Importing it does not import
the client.

    connection  sdk  patience  failures    logging in, quiet calls, what to try again, what errors mean
    groups  removals  definitions  queries  ingestion    feature groups
    registry  views  champions  claims         models
    files  folders                             files
    jobs                                       Spark jobs
"""

from pipelines.stores.hopsworks.checks import checks
from pipelines.stores.hopsworks.connection import UNVERIFIED
from pipelines.stores.hopsworks.jobs import SparkJobs
from pipelines.stores.hopsworks.registry import ModelRegistry
from pipelines.stores.hopsworks.removals import Removals

__all__ = ["UNVERIFIED", "HopsworksStore", "checks"]


class HopsworksStore(ModelRegistry, Removals, SparkJobs):
    """A store in a Hopsworks project; any number of processes may use it at the same time, each with one login."""
