"""Files of ONNX that nobody should trust: each is refused in words, in bounded time and memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import onnx.backend.test
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.errors import SpecError, UsageError
from archcost.importers.imported import import_text
from archcost.importers.onnx.graph import MAX_NODES
from archcost.importers.onnx.reader import read_model
from archcost.importers.onnx.recognition import is_onnx
from tests.importers.onnx.models import helper, model, node, weight, whole
from tests.profiles import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Run

DATA = Path(onnx.backend.test.__file__).parent / "data"
SMALL = (DATA / "pytorch-converted" / "test_Conv2d_groups" / "model.onnx").read_bytes()


def read(data: bytes) -> str:
    return import_text(read_model(data, "net.onnx", "net", {})).text


def field(number: int, data: bytes) -> bytes:
    """A field of bytes in the wire format."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


VERSION = b"\x08\x08" + field(8, b"\x10\x11")  # of the format, and of the operators


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_file_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SMALL)
    for place, value in changes:
        data[place] = value
    with suppress(UsageError, SpecError):
        read(bytes(data))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SMALL) - 1))
def test_half_a_file_is_read_or_refused(length: int) -> None:
    with suppress(UsageError, SpecError):
        read(SMALL[:length])


VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    st.text(max_size=5),
)
OPERATORS = ["Conv", "MaxPool", "Resize", "Split", "Transpose", "Gemm", "LSTM", "Pad", "Gather", "Softmax", "Flatten"]
NAMES = ["kernel_shape", "pads", "strides", "axis", "axes", "perm", "group", "auto_pad", "hidden_size", "mode", "split"]


@settings(max_examples=examples(200, usual=60), deadline=None)
@given(st.sampled_from(OPERATORS), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
def test_attributes_of_any_kind_are_read_or_refused(operator: str, attributes: dict[str, object]) -> None:
    stored = [weight("w", 4, 3, 3, 3), whole("sizes", [1, 2, 3, -4])]
    nodes = [node(operator, ["x", "w", "sizes"], ["y"], **attributes)]
    with suppress(UsageError, SpecError):
        read(model(nodes, {"x": ["n", 3, 8, 8]}, {"y": None}, stored).SerializeToString())


def test_more_nodes_than_are_read_are_counted_and_no_more() -> None:
    graph = field(1, b"") * 2_000_000
    code = (
        "import resource, sys\n"
        "from archcost.errors import UsageError\n"
        "from archcost.importers.onnx.reader import read_model\n"
        "try: read_model(sys.stdin.buffer.read(), 'net.onnx', 'net', {})\n"
        "except UsageError as refusal: print(refusal.message)\n"
    )

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    done = subprocess.run(
        [sys.executable, "-c", code],
        input=VERSION + field(7, graph),
        capture_output=True,
        check=True,
        preexec_fn=bounded,
    )
    assert done.stdout.decode().strip() == f"the graph has 2,000,000 nodes, and {MAX_NODES:,} is the most that is read"


def test_numbers_that_grow_are_not_followed() -> None:
    # squares of squares: 3, 9, 81 … would have 2¹⁰⁰⁰ digits
    nodes = [node("Mul", [f"n{step}", f"n{step}"], [f"n{step + 1}"]) for step in range(1000)]
    nodes.append(node("Reshape", ["x", "n1000"], ["y"]))
    given_model = model(nodes, {"x": ["n", 4]}, {"y": None}, [whole("n0", [3])])
    with pytest.raises(UsageError, match="does not say the shape"):
        read(given_model.SerializeToString())


def test_a_tensor_that_is_asked_for_in_any_size_takes_no_memory() -> None:
    nodes = [
        node("ConstantOfShape", ["huge"], ["a"]),
        node("Expand", ["one", "huge"], ["b"]),
        node("Range", ["zero", "many", "step"], ["c"]),
        node("Add", ["x", "a"], ["y"]),
    ]
    stored = [
        whole("huge", [2**40, 2**20]),
        whole("one", [1]),
        whole("zero", 0),
        whole("many", 2**60),
        whole("step", 1),
    ]
    with pytest.raises((UsageError, SpecError)):
        read(model(nodes, {"x": ["n", 4]}, {"y": None}, stored).SerializeToString())


def test_graphs_within_graphs_end_somewhere() -> None:
    inner = helper.make_graph([node("Relu", ["x"], ["y"])], "inner", [], [])
    for _ in range(20):
        inner = (
            helper.make_graph([node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)], "inner", [], [])
            if inner.ByteSize() < 2**16
            else inner
        )
    with pytest.raises(UsageError, match="nested more than 8 deep"):
        read(model(list(inner.node), {"x": ["n"]}, {"y": None}).SerializeToString())


def test_names_of_a_file_end_no_line() -> None:
    strange = "a\n::error::b\x1b[31m"
    nodes = [node("Relu", [strange], ["h"], name=strange), node(strange, ["h"], ["y"], domain="com.other")]
    text = read(model(nodes, {strange: ["n", 4]}, {"y": ["n", 4]}).SerializeToString())
    assert "\x1b" not in text
    assert "\n::error" not in text


@pytest.mark.parametrize(
    "data",
    [b"", b"\x08", b"archcost: 1\n", b'{"model_type": "bert"}', b"\x08\x00\x12", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"],
)
def test_other_files_are_no_files_of_onnx(data: bytes) -> None:
    assert not is_onnx(data)
    with pytest.raises(UsageError):
        read(data)


def test_a_file_that_only_begins_like_one_is_refused_in_words(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08\x12\x04what a pity")
    told = run("analyze", "net.onnx", cwd=tmp_path)
    assert told.code == 2
    assert "net.onnx is no ONNX file, or not all of one" in told.err
    assert "Traceback" not in told.err
