"""The bill of materials of a model."""

import json
from importlib.metadata import version

from workflows.scripts import load

sbom = load("sbom")
CHECKSUMS = f"{'a' * 64}  wine_grade/3/model.skops\n{'b' * 64}  iris_variety/1/model.skops\n"


def test_it_names_the_models_by_their_checksums_and_every_package_once():
    parts = sbom.bill(CHECKSUMS)["components"]
    assert parts[0] == {
        "type": "machine-learning-model",
        "name": "wine_grade/3/model.skops",
        "hashes": [{"alg": "SHA-256", "content": "a" * 64}],
    }
    packages = [part for part in parts if part["type"] == "library"]
    learn = next(part for part in packages if part["name"] == "scikit-learn")
    assert learn["purl"] == f"pkg:pypi/scikit-learn@{version('scikit-learn')}"
    assert len({part["bom-ref"] for part in packages}) == len(packages)


def test_the_same_materials_have_the_same_bill(tmp_path):
    (tmp_path / "checksums.txt").write_text(CHECKSUMS)
    for name in ("one", "two"):
        sbom.main([str(tmp_path / "checksums.txt"), str(tmp_path / name)])
    document = json.loads((tmp_path / "one").read_text())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["serialNumber"] != sbom.bill(CHECKSUMS[:90].splitlines()[0])["serialNumber"]
