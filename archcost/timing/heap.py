"""What the malloc of the GNU C library does with large pieces of memory, and which pages are then touched anew.

Rules of glibc 2.26 to 2.41, from malloc/malloc.c and the manual's "Malloc Tunable Parameters":

- A piece has a header of 8 bytes, and sizes are multiples of 16. One on a boundary of 64 bytes (``posix_memalign``,
  with which PyTorch allocates) is cut out of a piece that is 64 + 32 bytes larger: what is over on both sides is freed.
- The smallest free piece that is large enough is cut; of equal ones the latest. Free neighbours are one.
- Where none is, and the request is at least ``mmap_threshold``, the kernel maps pages for it, and takes them back when
  it is freed. The threshold is 128 KiB at first, and grows to the size of each mapped piece that is freed, up to
  32 MiB; the trim threshold is then twice that.
- Else the heap grows, by the request and 128 KiB. When a free leaves at its end at least the trim threshold, all but
  128 KiB are given back.

A page that comes from the kernel is a page fault when it is first touched: it is then found, and filled with zeros.
"""

from __future__ import annotations

from typing import NamedTuple

PAGE = 4096
ALIGNMENT = 64  # of PyTorch's tensors on CPUs
HEADER, STEP, LEAST = 8, 16, 32  # bytes of a piece: its header, what its size is a multiple of, its smallest size
FIRST_THRESHOLD = 128 << 10
LAST_THRESHOLD = 32 << 20
PAD = 128 << 10  # that the heap keeps at its end
_WORTH = 64 << 10  # bytes of a freed piece from which on the end of the heap is looked at


class HeapPiece(NamedTuple):
    """A piece in use: where it lies and its bytes, or -1 and its bytes where the kernel mapped it."""

    start: int
    size: int


class Heap:
    """The heap of a process. ``faults`` counts the pages that were touched after they came from the kernel.

    ``freed`` is the largest mapped piece that was freed before, 0 for none.
    """

    def __init__(self, freed: int = 0) -> None:
        self.faults = 0
        self.mmap_threshold = freed or FIRST_THRESHOLD
        self.trim_threshold = 2 * freed or FIRST_THRESHOLD
        self._free: dict[int, int] = {}  # sizes by start, in the order in which they became free
        self._starts: dict[int, int] = {}  # and their starts by end
        self._top = STEP  # where the last piece ends
        self._end = 0  # of the heap
        self._touched = bytearray()  # by page

    def allocate(self, wanted: int) -> HeapPiece:
        """A piece for a tensor of so many bytes, all of which are written."""
        size = max(LEAST, _up(wanted + HEADER, STEP))
        taken = size + ALIGNMENT + LEAST
        start = self._best(taken)
        if start is None and taken + LEAST > self._end - self._top:
            if taken >= self.mmap_threshold:
                self.faults += -(-(ALIGNMENT + wanted) // PAGE)
                return HeapPiece(-1, _up(taken + HEADER, PAGE) - ALIGNMENT + STEP)
            self._grow(taken)
        if start is None:
            start, length = self._top, taken
            self._top += taken
        else:
            length = self._take(start)
        place = _up(start + STEP, ALIGNMENT) - STEP
        if 0 < place - start < LEAST:
            place += ALIGNMENT
        if place > start:
            self._give(start, place - start)
        rest = start + length - place - size
        if rest > LEAST:
            self._give(place + size, rest)
        else:
            size += rest
        self._touch(place, size)
        return HeapPiece(place, size)

    def free(self, piece: HeapPiece) -> None:
        """A piece is no longer needed."""
        start, size = piece
        if start < 0:
            if self.mmap_threshold < size <= LAST_THRESHOLD:
                self.mmap_threshold, self.trim_threshold = size, 2 * size
            return
        merged = self._give(start, size)
        if merged >= _WORTH and self._end - self._top >= self.trim_threshold:
            self._trim()

    # --- free pieces ---

    def _best(self, size: int) -> int | None:
        """Where the smallest free piece starts that is large enough; of equal ones the latest."""
        best, least = None, 0
        for start, length in self._free.items():
            if length >= size and (best is None or length <= least):
                best, least = start, length
        return best

    def _take(self, start: int) -> int:
        size = self._free.pop(start)
        del self._starts[start + size]
        return size

    def _give(self, start: int, size: int) -> int:
        """A range is free, one with its neighbours or with the end of the heap: the bytes of what it is part of."""
        before = self._starts.get(start)
        if before is not None:
            size += self._take(before)
            start = before
        if start + size in self._free:
            size += self._take(start + size)
        if start + size == self._top:
            self._top = start
            return self._end - start
        self._free[start] = size
        self._starts[start + size] = start
        return size

    # --- pages ---

    def _grow(self, size: int) -> None:
        self._end = _up(self._top + size + PAD + LEAST, PAGE)
        self._touched.extend(bytes(self._end // PAGE - len(self._touched)))

    def _trim(self) -> None:
        over = (self._end - self._top - LEAST - 1 - PAD) // PAGE * PAGE
        if over > 0:
            self._end -= over
            del self._touched[self._end // PAGE :]

    def _touch(self, start: int, size: int) -> None:
        first, last = start // PAGE, -(-(start + size) // PAGE)
        self.faults += self._touched.count(0, first, last)
        self._touched[first:last] = b"\1" * (last - first)


def _up(size: int, step: int) -> int:
    """The least multiple of ``step`` that is not smaller."""
    return -(-size // step) * step
