"""Where the Spaces are, and what they are called."""

from pipelines.settings import HubSettings, Settings

NAME = "serverless-ml-{}"
LINKED = ("predict", "monitor")


def space_links(hub: HubSettings, owner: str) -> dict[str, str]:
    """The addresses of both Spaces by their names."""
    return {name: f"{hub.endpoint.rstrip('/')}/spaces/{owner}/{NAME.format(name)}" for name in LINKED}


def known_links(settings: Settings) -> dict[str, str]:
    """What the settings tell: the repository on GitHub, and the Spaces where their owner is named."""
    spaces = space_links(settings.hub, settings.hub.namespace) if settings.hub.namespace else {}
    return spaces | ({"repository": settings.run.repository} if settings.run.repository else {})
