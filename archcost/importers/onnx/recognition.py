"""What makes a file one of ONNX, by its first bytes. Nothing here needs the library."""

from __future__ import annotations

from archcost.errors import UsageError

ENDING = ".onnx"  # how names end of files that hold no text; one that a person names may have any name
MAX_BYTES = 2**29  # with the weights in it; a file may keep them beside it, where archcost never looks
MAX_BOUNDED = 2**26  # of a file that no person named
_VERSION = 0x08  # the tag of the first field that writers write: the version of the format
_NEWEST = 40  # versions that are thought of; the newest was 13 in 2026
_TAGS = frozenset({0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72, 0xA2, 0xCA})  # of the fields that may come next
_HEAD = 3  # bytes


def is_onnx(data: bytes) -> bool:
    """Whether bytes begin as an ONNX model does. No text does: it would begin with a control character."""
    head = data[:_HEAD]
    return len(head) == _HEAD and head[0] == _VERSION and 0 < head[1] <= _NEWEST and head[2] in _TAGS


def no_onnx(path: str) -> UsageError:
    """The error for a file that is none of ONNX, though its name or its first bytes say so."""
    return UsageError(f"{path} is no ONNX file, or not all of one", "download or export it again")
