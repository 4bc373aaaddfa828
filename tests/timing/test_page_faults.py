"""What a run allocates beyond its tensors, and how many pages it touches anew."""

from __future__ import annotations

import pytest

import archcost
from archcost.analysis.memory.allocations import GONE, allocations
from archcost.spec.loader import loads
from archcost.timing.page_faults import events_of, page_faults

IMAGE = 20 * 30 * 30 * 4  # bytes of 20 channels
BLOCKS = 32 * 30 * 30 * 4  # of them in two blocks of 16
WEIGHTS = 20 * 20 * 3 * 3 * 4


def _report(*layers: str, shape: str = "[20, 30, 30]", batch: int = 2) -> archcost.Report:
    steps = "".join(f"  - {layer}\n" for layer in layers)
    return archcost.analyze(loads(f"archcost: 1\ninput: {shape}\nlayers:\n{steps}"), batch=batch)


def _sizes(report: archcost.Report, threads: int = 1) -> list[int]:
    """The bytes that come, positive, and those that go, negative."""
    sizes: dict[int, int] = {}
    found = []
    for _, storage, size in events_of(report, threads):
        if size != GONE:
            sizes[storage] = size
        found.append(size if size != GONE else -sizes.pop(storage))
    assert not sizes  # all of it goes in the end
    return found


CONV = "conv2d: {out_channels: 20, kernel_size: 3, padding: 1, bias: false}"
ONE = "conv2d: {out_channels: 20, kernel_size: 1, bias: false}"
ONE_BY_ONEDNN = [2 * BLOCKS, 20 * 20 * 4, 2 * BLOCKS, -20 * 20 * 4, -2 * BLOCKS, 2 * IMAGE, -2 * BLOCKS, -2 * IMAGE]
THREE = 3 * 30 * 30 * 4
SMALL = 20 * 6 * 6 * 4


@pytest.mark.parametrize(
    ("layers", "shape", "batch", "threads", "sizes"),
    [
        (["relu"], "[20, 30, 30]", 2, 1, [2 * IMAGE, -2 * IMAGE]),
        (["relu", "flatten"], "[20, 30, 30]", 2, 1, [2 * IMAGE, -2 * IMAGE]),
        (["relu", "relu"], "[20, 30, 30]", 1, 1, [IMAGE, IMAGE, -IMAGE, -IMAGE]),
        (  # oneDNN: input and weights in blocks, output in blocks, output
            [CONV],
            "[20, 30, 30]",
            2,
            1,
            [2 * BLOCKS, WEIGHTS, 2 * BLOCKS, -WEIGHTS, -2 * BLOCKS, 2 * IMAGE, -2 * BLOCKS, -2 * IMAGE],
        ),
        (  # three channels are read as they are
            [CONV],
            "[3, 30, 30]",
            2,
            1,
            [20 * 3 * 9 * 4, 2 * BLOCKS, -20 * 3 * 9 * 4, 2 * IMAGE, -2 * BLOCKS, -2 * IMAGE],
        ),
        ([ONE], "[20, 30, 30]", 2, 1, [2 * IMAGE, -2 * IMAGE]),  # a product of matrices on one thread
        ([ONE], "[20, 40, 40]", 1, 1, [20 * 1600 * 4, -20 * 1600 * 4]),
        ([ONE], "[20, 30, 30]", 2, 2, ONE_BY_ONEDNN),
        ([CONV], "[20, 6, 6]", 1, 2, [SMALL, 9 * SMALL, -9 * SMALL, -SMALL]),  # few elements: columns, 9 of each
    ],
)
def test_what_comes_and_goes(layers: list[str], shape: str, batch: int, threads: int, sizes: list[int]) -> None:
    assert _sizes(_report(*layers, shape=shape, batch=batch), threads) == sizes


def test_a_layer_norm_copies_what_is_transposed() -> None:
    rows = 64 * 48 * 4
    report = _report("permute: [0, 2, 1]", "layer_norm: [64]", shape="[64, 48]", batch=1)
    came = [size for size in _sizes(report) if size > 48 * 4]  # without the two statistics of each row
    assert came == [rows, rows]


def test_inputs_are_the_callers() -> None:
    graph = _report("relu").graph
    assert [event.bytes for event in allocations(graph)] == [2 * IMAGE, GONE]


def test_a_small_network_faults_no_more() -> None:
    assert page_faults(_report("relu", "relu", "relu", shape="[20, 10, 10]"), 1) == 0


def test_more_than_malloc_keeps_is_touched_in_each_run() -> None:
    # An output of 48 MiB is mapped in every run: 12,288 pages, and one for its header
    report = _report("relu", shape="[48, 512, 512]", batch=1)
    assert page_faults(report, 1) == 12 * 1024 + 1
