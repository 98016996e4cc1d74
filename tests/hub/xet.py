"""Reading what the real xet client wrote into a folder that stands for its storage server.

The client accepts `local:///folder` as the address of the server. A shard there lists the files of an upload: their
xet hash, their segments and their SHA-256 (layout as published with the client's sources, xet-core `mdb_shard`).
"""

import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hf_xet

HEADER = 48
ENTRY = 48
END = b"\xff" * 32
HAS_VERIFICATION = 1 << 31
HAS_SHA256 = 1 << 30
# Any time that the copy is read before; the client wants one.
NEVER = 4_000_000_000


def uploaded(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The SHA-256 and the content of each file in a storage folder."""
    # The client holds a lock on its folder as long as it lives, so a copy is read.
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        for shard in sorted(Path(copy).rglob("shards/*.mdb")):
            for file_hash, size, sha256 in _files(shard.read_bytes()):
                yield sha256, _rebuilt(Path(copy), file_hash, size)


def _files(shard: bytes) -> Iterator[tuple[str, int, str]]:
    at = HEADER
    while shard[at : at + 32] != END:
        file_hash = _hexadecimal(shard[at : at + 32])
        flags, count = struct.unpack_from("<II", shard, at + 32)
        sizes = [struct.unpack_from("<I", shard, at + ENTRY * number + 36)[0] for number in range(1, count + 1)]
        at += ENTRY * (1 + count * (2 if flags & HAS_VERIFICATION else 1))
        if flags & HAS_SHA256:
            yield file_hash, sum(sizes), _hexadecimal(shard[at : at + 32])
            at += ENTRY


def _hexadecimal(digest: bytes) -> str:
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", digest))


def _rebuilt(folder: Path, file_hash: str, size: int) -> bytes:
    target = folder / "rebuilt"
    session = hf_xet.XetSession()
    with session.new_file_download_group(
        endpoint=f"local://{folder}", token="none", token_expiry_unix_secs=NEVER
    ) as group:
        group.start_download_file(hf_xet.XetFileInfo(file_hash, size), str(target))
    return target.read_bytes()
