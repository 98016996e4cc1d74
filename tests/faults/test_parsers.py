"""What fuzzing has found to reach all of the parsers is read again. To search on: `make fuzz`."""

from zipfile import ZipFile

import pytest

from tests.faults.parsers import CORPUS, PARSERS, read


@pytest.mark.parametrize("parser", PARSERS)
def test_no_parser_falls_over_what_is_known(parser):
    with ZipFile(CORPUS) as corpus:
        known = [name for name in corpus.namelist() if name.startswith(f"{parser}/") and not name.endswith("/")]
        assert len(known) > 5
        for name in known:
            read(parser, corpus.read(name))
