"""The tensors that a file stores: their shapes, and their numbers as far as they are looked at."""

from __future__ import annotations

from math import prod
from struct import iter_unpack
from typing import Any, NamedTuple

from archcost.errors import UsageError, shortened

MAX_READ = 4096  # elements of a tensor whose numbers are looked at
MAX_RANK = 64
MAX_NAME = 200  # characters of a name that are kept
_MAX_COMPARED = 2**20  # elements of a tensor that are compared with each other
_EXTERNAL = 1  # data_location: in another file, which is never opened

# By the standard's numbers: archcost's dtype, and the code of an element in raw data. What archcost has no dtype for is
# one that is as long, or the next longer one. Half and narrower numbers are not looked at.
_DTYPES = {
    1: ("float32", "f"),
    2: ("uint8", "B"),
    3: ("int8", "b"),
    4: ("int32", "H"),
    5: ("int16", "h"),
    6: ("int32", "i"),
    7: ("int64", "q"),
    9: ("bool", "?"),
    10: ("float16", "e"),
    11: ("float64", "d"),
    12: ("int64", "I"),
    13: ("int64", "Q"),
    16: ("bfloat16", ""),
    17: ("int8", ""),
    18: ("int8", ""),
    19: ("int8", ""),
    20: ("int8", ""),
    21: ("int8", ""),
    22: ("int8", ""),
    23: ("int8", ""),
}
_NO_TENSORS = {8: "text", 14: "complex numbers", 15: "complex numbers"}

Number = int | float


class StoredTensor(NamedTuple):
    """A tensor that a file stores: its shape, and its numbers as long as they are few.

    ``uniform``: all its numbers are the same, as those of a norm or bias that was never trained.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    numbers: tuple[Number, ...] | None  # None: not looked at
    uniform: bool = False

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


def stored(message: Any) -> StoredTensor:
    """A tensor of the file; raises UsageError for one that is no tensor of numbers."""
    name, shape = text(message.name), tuple(message.dims)
    dtype, code = _dtype(message.data_type, name)
    if len(shape) > MAX_RANK or any(size < 0 for size in shape):
        raise UsageError(f"the stored tensor '{shortened(name, MAX_NAME)}' has no shape that a tensor can have")
    elements = prod(shape)
    numbers, uniform = None, False
    if message.data_location != _EXTERNAL:
        if elements <= MAX_READ:
            numbers = _numbers(message, code, dtype)
        uniform = 1 < elements <= _MAX_COMPARED and _is_uniform(message.raw_data, elements)
    known = numbers if numbers is not None and len(numbers) == elements else None
    return StoredTensor(name, shape, dtype, known, uniform)


def _is_uniform(raw: bytes, elements: int) -> bool:
    size, rest = divmod(len(raw), elements)
    return bool(size) and not rest and raw == raw[:size] * elements


def _numbers(message: Any, code: str, dtype: str) -> tuple[Number, ...] | None:
    """The numbers of a tensor; None for those of dtypes that are not looked at."""
    for data in (message.int64_data, message.int32_data, message.float_data, message.double_data):
        if data:
            return None if code in ("", "e") or len(data) > MAX_READ else tuple(data)
    if not code:
        return None
    size = {"?": 1, "B": 1, "b": 1, "H": 2, "h": 2, "e": 2, "i": 4, "I": 4, "f": 4}.get(code, 8)
    raw = message.raw_data
    if len(raw) % size or len(raw) > MAX_READ * size:
        return None
    found = [number for (number,) in iter_unpack(f"<{code}", raw)]
    return tuple(map(int, found)) if dtype == "bool" else tuple(found)


def _dtype(number: int, name: str) -> tuple[str, str]:
    found = _DTYPES.get(number)
    if found is None:
        what = _NO_TENSORS.get(number, f"elements of the type {number}")
        raise UsageError(f"the stored tensor '{shortened(name, MAX_NAME)}' holds {what}, which archcost does not read")
    return found


def dtype_of(number: int) -> str:
    """Archcost's dtype for the standard's number of one; empty for one that no tensor of numbers has."""
    return _DTYPES.get(number, ("", ""))[0]


def text(data: bytes) -> str:
    """Text of a file, which may be no UTF-8."""
    return data.decode(errors="replace")
