"""Write the bill of materials of models that were trained here, as CycloneDX 1.6: the packages of this environment.

.venv/bin/python .github/scripts/sbom.py CHECKSUMS OUTPUT    CHECKSUMS as `train --checksums` writes them
"""
# ruff: noqa: INP001 - a script beside the workflows

import json
import platform
import sys
import uuid
from collections.abc import Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

# A licence that is written out is no name.
LONGEST_LICENCE = 100

Component = Mapping[str, Any]


def bill(checksums: str) -> Mapping[str, Any]:
    """The document about the models of a list of checksums; the same models and packages have the same one."""
    models = [_model(*line.split(maxsplit=1)) for line in checksums.splitlines()]
    python = {"type": "platform", "name": "python", "version": platform.python_version()}
    packages = sorted(map(_package, distributions()), key=lambda each: str(each["purl"]))
    content = {"components": [*models, python, *{each["purl"]: each for each in packages}.values()]}
    serial = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(content, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1}
    return {**head, **content}


def _model(digest: str, name: str) -> Component:
    return {"type": "machine-learning-model", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _package(distribution: Distribution) -> Component:
    about = distribution.metadata.json
    name = str(about["name"])
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{distribution.version}"
    return {
        "type": "library",
        "name": name,
        "version": distribution.version,
        "purl": purl,
        "bom-ref": purl,
        **_licence(about),
    }


def _licence(about: Mapping[str, object]) -> Component:
    if about.get("license_expression"):
        return {"licenses": [{"expression": about["license_expression"]}]}
    name = str(about.get("license") or "")
    return {"licenses": [{"license": {"name": name}}]} if 0 < len(name) <= LONGEST_LICENCE else {}


def main(arguments: Sequence[str]) -> None:
    """Write the document."""
    checksums, output = map(Path, arguments)
    output.write_text(json.dumps(bill(checksums.read_text(encoding="utf-8")), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
