"""Malloc of glibc on short sequences, worked out by hand: where pieces lie, and which pages are touched anew."""

from __future__ import annotations

import pytest

from archcost.timing.heap import FIRST_THRESHOLD, LAST_THRESHOLD, PAD, PAGE, Heap

KIB, MIB = 1 << 10, 1 << 20


def _pages(size: int) -> int:
    return -(-size // PAGE)


def _turn(heap: Heap, *sizes: int) -> int:
    """The faults of pieces that come one after the other, each while the one before is there."""
    before, held = heap.faults, None
    for size in sizes:
        piece = heap.allocate(size)
        if held is not None:
            heap.free(held)
        held = piece
    assert held is not None
    heap.free(held)
    return heap.faults - before


def test_a_piece_lies_on_its_boundary_behind_a_header() -> None:
    heap = Heap()
    first, second = heap.allocate(1000), heap.allocate(1000)
    # 1000 + 8 → 1008 bytes; headers 16 bytes before multiples of 64
    assert (first.start + 16) % 64 == 0 == (second.start + 16) % 64
    assert first.size == 1008
    assert second.start >= first.start + first.size
    assert heap.faults == _pages(second.start + second.size)  # both begin in the first page


def test_a_large_piece_is_mapped_and_raises_the_threshold() -> None:
    heap = Heap()
    piece = heap.allocate(MIB)
    assert piece.start < 0
    # 1 MiB behind 64 bytes: 257 pages. Mapped are 1 MiB + 8 → 1,048,592, + 64 + 32 + 8, in pages: 257
    assert heap.faults == 257
    heap.free(piece)
    assert heap.mmap_threshold == 257 * PAGE - 48  # without what is before the boundary
    assert heap.trim_threshold == 2 * heap.mmap_threshold
    again = heap.allocate(MIB)
    assert again.start >= 0  # on the heap from now on
    assert heap.faults == 2 * 257 + (again.start // PAGE != 0)


@pytest.mark.parametrize(("size", "threshold"), [(33 * MIB, FIRST_THRESHOLD), (16 * MIB, 4097 * PAGE - 48)])
def test_only_pieces_up_to_32_mib_raise_it(size: int, threshold: int) -> None:
    heap = Heap()
    heap.free(heap.allocate(size))
    assert heap.mmap_threshold == threshold <= LAST_THRESHOLD


def test_a_process_that_freed_more_maps_less() -> None:
    assert Heap().allocate(MIB // 2).start < 0
    assert Heap(MIB).allocate(MIB // 2).start >= 0
    assert Heap(MIB).trim_threshold == 2 * MIB


def test_one_size_fits_below_the_trim_threshold() -> None:
    heap = Heap()
    assert _turn(heap, MIB) == 257  # mapped
    assert _turn(heap, MIB) >= 256  # on the heap
    assert _turn(heap, MIB) == 0  # which stays: 1 MiB + 128 KiB at its end is below 2 MiB


def test_what_is_beyond_the_trim_threshold_comes_and_goes() -> None:
    heap = Heap()
    for _ in range(3):
        steady = _turn(heap, MIB, MIB, MIB, MIB)
    # Three places: the second beside the first, the third behind both, the fourth where the first two have become one.
    # When the third is freed, 2 MiB and more are free at the end, and all but 128 KiB go. The next run finds the first
    # MiB and 128 KiB there, and touches the rest of the second and the third anew.
    assert steady == 2 * 256 - PAD // PAGE


def test_a_hole_of_the_same_size_is_too_small() -> None:
    heap = Heap()
    heap.mmap_threshold = heap.trim_threshold = 64 * MIB
    first, _second = heap.allocate(MIB), heap.allocate(MIB)
    heap.free(first)
    third = heap.allocate(MIB)  # asks for 64 + 32 bytes more than the hole has, to cut a boundary out of it
    assert third.start > first.start + MIB
    heap.free(third)
    smaller = heap.allocate(MIB - 256)
    assert smaller.start == first.start


def test_the_smallest_piece_that_fits_is_cut() -> None:
    heap = Heap()
    heap.mmap_threshold = heap.trim_threshold = 64 * MIB
    large, _, small, _ = [heap.allocate(size) for size in (2 * MIB, KIB, MIB, KIB)]
    heap.free(small)
    heap.free(large)
    touched = heap.faults
    assert heap.allocate(MIB // 2).start == small.start
    assert heap.allocate(MIB // 2 - KIB).start > small.start  # what is left of it
    assert heap.allocate(MIB).start == large.start
    assert heap.faults == touched  # the pages are there


def test_neighbours_become_one() -> None:
    heap = Heap()
    heap.mmap_threshold = heap.trim_threshold = 64 * MIB
    one, two, three, _ = [heap.allocate(size) for size in (MIB, MIB, MIB, KIB)]
    for piece in (one, three, two):
        heap.free(piece)
    assert heap.allocate(3 * MIB).start == one.start
