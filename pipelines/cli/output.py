"""Where a run says what it did: terminals that lack characters, pipes whose reader leaves, files that refuse."""

import errno
import io
import logging
import os
import sys
from pathlib import Path

log = logging.getLogger(__name__)


class PatientStream(io.TextIOWrapper):
    """A stream whose reader may leave (`status | head -1`): the run goes on, and says the rest to nobody."""

    def write(self, text: str, /) -> int:
        """Write, or pretend to."""
        try:
            return super().write(text)
        except BrokenPipeError:
            self._let_go()
            return len(text)

    def flush(self) -> None:
        """Flush, or pretend to."""
        try:
            super().flush()
        except BrokenPipeError:
            self._let_go()

    def _let_go(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def prepare_streams() -> None:
    """Make the process's own streams patient; a character that the terminal lacks (`³` in ASCII) becomes `?`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and stream is getattr(sys, f"__{name}__"):
            encoding = stream.encoding
            patient = PatientStream(stream.detach(), encoding=encoding, errors="replace", line_buffering=True)
            setattr(sys, name, patient)
            setattr(sys, f"__{name}__", patient)


def append_summary(file: Path | None, markdown: str) -> None:
    """Append to the job summary, where there is one; the run does not depend on it."""
    if file is None:
        return
    try:
        with file.open("a", encoding="utf-8", errors="replace") as summary:
            summary.write(f"{markdown}\n")
    except OSError as error:
        log.warning(
            "GITHUB_STEP_SUMMARY is %s, which cannot be written (%s); the run goes on without it. Correct or unset it.",
            file, error.strerror,
        )  # fmt: skip


def refusal(error: OSError) -> str:
    """What the operating system refused, in one sentence that says what to do."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full{where}; free some space and run this again: what was done stays done."
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return f"{os.strerror(error.errno)}{where}; let this user write there, or set STORE_DIR or TMPDIR."
    return f"The operating system refused{where}: {error}; mend that and run this again."
