"""The embedded store: Delta Lake tables, model folders and dashboard files in one folder, `STORE_DIR`.

    tables/<group>/             one Delta Lake table a feature group          tables
    models/<task>/<version>/    one folder a model version                    models
    champions.json              the champion log                              models
    <name>                      every other file, by its name                 files
    .locks/                     lock files, empty                             folder

Nothing outside the folder is written, and the folder is made by the first write.
"""

from pipelines.stores.embedded.files import StoredFiles
from pipelines.stores.embedded.models import ModelFolders
from pipelines.stores.embedded.tables import DeltaTables


class EmbeddedStore(DeltaTables, ModelFolders, StoredFiles):
    """A store in the folder `root`; any number of processes may use it at the same time."""

    kind = "embedded"
    writes_wait = False
