"""What takes long to make and lies in no store that lasts, taken back from the Space that shows it."""

from pipelines.documents.what_if import WHAT_IF_FILE
from pipelines.publishing.addresses import NAME
from pipelines.publishing.hub import Hub
from pipelines.settings import Settings
from pipelines.stores.base import Store


def recall_what_if(store: Store, settings: Settings, namespace: str = "") -> bool:
    """Put the months that the monitor plays into a store that has none, as the copy that a scheduled publish works on.

    Returns whether there is, or will be, a monitor to play them: not where an account got the static page instead.

    Raises
    ------
    PublishError
        The Hub refused or could not be reached.
    """
    hub = Hub(settings.hub)
    owner = namespace or settings.hub.namespace or hub.account()
    monitor, site = (f"{owner}/{NAME.format(name)}" for name in ("monitor", "site"))
    kept = None if store.get_file(WHAT_IF_FILE) else hub.read(monitor, WHAT_IF_FILE)
    if kept:
        store.put_file(WHAT_IF_FILE, kept)
    return bool(kept) or hub.exists(monitor) or not hub.exists(site)
