"""The check of a README's front matter, as far as the Hub's own is known."""

import re
from typing import Any

import yaml

COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
SDKS = ("gradio", "docker", "static")
LONGEST_DESCRIPTION = 60
FULL_VERSION = re.compile(r"\d+\.\d+\.\d+")


def front_matter(content: str) -> dict[str, Any]:
    """The YAML between the first two lines of dashes; empty where there is none."""
    parts = re.split(r"^---\s*$", content, maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        return {}
    loaded = yaml.safe_load(parts[1])
    return loaded if isinstance(loaded, dict) else {}


def complaints(content: str, kind: str = "space") -> list[str]:
    """What the Hub would refuse, or would turn into a configuration error of the repository."""
    try:
        card = front_matter(content)
    except yaml.YAMLError as error:
        return [f"YAML: {error}"]
    return _dataset_complaints(card) if kind == "dataset" else _space_complaints(card)


def _dataset_complaints(card: dict[str, Any]) -> list[str]:
    configs = card.get("configs", [])
    found = [f"configs: {config}" for config in configs if set(config) != {"config_name", "data_files"}]
    if not re.fullmatch(r"[a-z0-9.-]+", str(card.get("license"))):
        found.append('"license" must be one of the Hub\'s')
    return found


def _space_complaints(card: dict[str, Any]) -> list[str]:
    found = [f'"{name}" must be one of {COLOURS}' for name in ("colorFrom", "colorTo") if card.get(name) not in COLOURS]
    if card.get("sdk") not in SDKS:
        found.append(f'"sdk" must be one of {SDKS}')
    if card.get("sdk") == "gradio":
        found += [f'"{name}" must be text' for name in ("sdk_version", "python_version") if not _text(card, name)]
        if not FULL_VERSION.fullmatch(str(card.get("sdk_version"))):
            found.append('"sdk_version" must be a full version, X.Y.Z')
    if len(str(card.get("short_description", ""))) > LONGEST_DESCRIPTION:
        found.append(f'"short_description" length must be at most {LONGEST_DESCRIPTION}')
    return found


def _text(card: dict[str, Any], name: str) -> bool:
    return isinstance(card.get(name), str)
