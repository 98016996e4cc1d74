"""Coverage-guided fuzzing of `parsers` from the corpus that is kept, which grows by what reaches new code.

make fuzz                                   every parser for a minute
make fuzz SECONDS=3600                      longer
"""

import argparse
import multiprocessing
import shutil
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pipelines", "spaces"]):
    from tests.faults.parsers import CORPUS, PARSERS, read

LARGEST, LARGEST_KEPT = 2**16, 1000  # bytes of an input

# What a parser takes, to begin with: text, or where in the kept store its documents lie.
TEXTS = {
    "rows": b'sep=;\n"Sepal.Length";Sepal.Width;PetalLengthCm;petal width;class\n5,1;3,5;1.4;0.2;Iris-setosa\n',
    "settings": b"STORE_DIR=~/a\nHOPSWORKS_API_KEY=k\nHOPSWORKS_HOST=https://c.app:443/p/1\nHOPSWORKS_PORT=443\n"
    b"HOPSWORKS_CA_BUNDLE=ca.pem\nHF_TOKEN=hf_a\nHF_DATASET=a/b\nHF_HARDWARE=cpu-basic\nSTORE=embedded\n",
}
KEPT = Path(__file__).parents[1] / "stores" / "november_2026.zip"
DOCUMENTS = {
    "metrics": "dashboard/metrics.json",
    "model": "models/*/*/model.json",
    "source": "sources/*.json",
    "champions": "champions.json",
}


def main() -> int:
    """Fuzz each parser in a process of its own, then keep the corpus; 1 where one fell."""
    options = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    options.add_argument("--seconds", type=int, default=60, help="for each parser (default: 60)")
    seconds = options.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        corpus, kept = Path(name) / "corpus", Path(name) / "kept"
        if CORPUS.exists():
            shutil.unpack_archive(CORPUS, corpus)
        shutil.unpack_archive(KEPT, kept)
        fallen = [parser for parser in PARSERS if not _fuzzed(parser, corpus / parser, kept, seconds)]
        shutil.make_archive(str(CORPUS.with_suffix("")), "zip", corpus)
    print(f"fell: {', '.join(fallen) or 'none'}; what they fell over lies in this folder")
    return 1 if fallen else 0


def _fuzzed(parser: str, corpus: Path, kept: Path, seconds: int) -> bool:
    """Fuzz a parser, which adds to its corpus; whether nothing was found."""
    corpus.mkdir(parents=True, exist_ok=True)
    beginnings = corpus.parent.parent / "beginnings" / parser
    beginnings.mkdir(parents=True)
    (beginnings / "text").write_bytes(TEXTS.get(parser, b"{}"))
    for number, path in enumerate(kept.glob(DOCUMENTS.get(parser, "-"))):
        shutil.copyfile(path, beginnings / str(number))
    process = multiprocessing.Process(target=_fuzz, args=(parser, [corpus, beginnings], seconds))
    process.start()
    process.join()
    for path in corpus.iterdir():
        if path.stat().st_size > LARGEST_KEPT:
            path.unlink()
    return process.exitcode == 0


def _fuzz(parser: str, folders: list[Path], seconds: int) -> None:
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={parser}-", f"-max_len={LARGEST}"]
    atheris.Setup([sys.argv[0], *map(str, folders), *options], lambda content: read(parser, content))
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
