"""Standard input, which is read once however many readers look at it: one finds no text in it, and the next a model."""

from __future__ import annotations

import sys
from typing import BinaryIO

NAME = "<stdin>"  # in messages
WRITTEN = "-"  # on the command line


class _Read:
    """What was read of the stream that is standard input."""

    stream: BinaryIO | None = None
    data = b""
    ended = False


def standard_input(limit: int) -> bytes:
    """The beginning of standard input: all of it, or one byte more than the limit."""
    stream = sys.stdin.buffer
    if _Read.stream is not stream:
        _Read.stream, _Read.data, _Read.ended = stream, b"", False
    missing = limit + 1 - len(_Read.data)
    if missing > 0 and not _Read.ended:
        more = stream.read(missing)
        _Read.data += more
        _Read.ended = len(more) < missing
    return _Read.data[: limit + 1]
