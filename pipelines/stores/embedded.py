"""The embedded store: Delta Lake tables, model folders and dashboard files in one folder, `STORE_DIR`.

    tables/<group>/             one Delta Lake table a feature group          embedded_tables
    models/<task>/<version>/    one folder a model version                    embedded_models
    champions.json              the champion log                              embedded_models
    <name>                      every other file, by its name                 embedded_files
    .locks/                     lock files, empty                             folders

Nothing outside the folder is written, and the folder is made by the first write.
"""

from pipelines.stores.embedded_files import StoredFiles
from pipelines.stores.embedded_models import ModelFolders
from pipelines.stores.embedded_tables import DeltaTables


class EmbeddedStore(DeltaTables, ModelFolders, StoredFiles):
    """A store in the folder `root`; any number of processes may use it at the same time."""

    kind = "embedded"
