"""Growth since a revision, of files that stand for specs: each is read there as it is here."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.importers.onnx.models import model, node, weight

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

BERT = {
    "model_type": "bert", "hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1,
    "vocab_size": 10, "max_position_embeddings": 16, "architectures": ["BertModel"],
}  # fmt: skip
YOLO = "nc: 2\nbackbone:\n  - [-1, 1, Conv, [{width}, 3, 2]]\nhead:\n  - [-1, 1, Classify, [nc]]\n"


def onnx(width: int, *, size: int = 8) -> bytes:
    """A convolution of width · 27 params, and ``size`` MiB of numbers that take part in a sum."""
    nodes = [
        node("Conv", ["x", "w"], ["h"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("ReduceSum", ["big"], ["s"], keepdims=0),
        node("Mul", ["h", "s"], ["y"]),
    ]
    stored = [weight("w", width, 3, 3, 3), weight("big", size, 2**18)]
    shapes = {"x": ["n", 3, "h", "w"]}, {"y": ["n", width, "h", "w"]}
    return bytes(model(nodes, *shapes, stored).SerializeToString())


class Row(NamedTuple):
    """A file before and after, and how many params it has gained."""

    path: str
    before: bytes
    after: bytes
    grown: int
    words: tuple[str, ...] = ()


ROWS = [
    # A row of 8 numbers for each of 5 more tokens.
    Row("a/config.json", json.dumps(BERT).encode(), json.dumps(BERT | {"vocab_size": 15}).encode(), 5 * 8),
    # 32 more channels: a kernel of 3 · 9 and the norm's two numbers each; the classifier's first layer has 1280 more.
    Row("yolov8n.yaml", YOLO.format(width=32).encode(), YOLO.format(width=64).encode(), 32 * (27 + 2) + 32 * 1280),
    Row("net.onnx", onnx(4), onnx(6), 2 * 27, ("--input", "3x8x8")),
    Row("large.onnx", onnx(4, size=17), onnx(6, size=17), 2 * 27, ("--input", "x=3x8x8")),
]


def commit(folder: Path) -> None:
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "models"]):
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words]
        subprocess.run(git, cwd=folder, check=True, capture_output=True)


@pytest.fixture(params=ROWS, ids=lambda row: row.path)
def row(request: pytest.FixtureRequest, tmp_path: Path) -> Row:
    """The file before is committed, with a limit of its growth, and that after lies there."""
    given: Row = request.param
    path = tmp_path / given.path
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(given.before)
    (tmp_path / "archcost.toml").write_text(f'specs = ["{given.path}"]\n[[budgets]]\nparams = "0%"\n')
    commit(tmp_path)
    path.write_bytes(given.after)
    return given


@pytest.mark.parametrize("named", [False, True], ids=["configured", "named"])
def test_growth_is_judged(row: Row, run: Callable[..., Run], tmp_path: Path, *, named: bool) -> None:
    """By whichever way the file is chosen."""
    told = run("check", *[row.path] * named, "--baseline-ref", "HEAD", *row.words, cwd=tmp_path)
    assert told.code == 1, told.err
    assert f"params grew by {row.grown:,} " in told.out + told.err


def test_what_is_gone_is_told(row: Row, run: Callable[..., Run], tmp_path: Path) -> None:
    """Also of a file that is no YAML."""
    (tmp_path / row.path).unlink()
    (tmp_path / "net.yaml").write_text("archcost: 1\nname: net\ninput: [3]\nlayers: [linear: 4]\n")
    (tmp_path / "archcost.toml").write_text('specs = ["**/*.*", "!archcost.toml"]\n')
    told = run("check", "--baseline-ref", "HEAD", cwd=tmp_path)
    assert f"({row.path})" in told.out


UNREAD = [
    ("a/config.json", b'{"model_type": "bert", "odd": 1}', "HEAD:a/config.json:1:24: the key 'odd' is not known here"),
    ("net.onnx", b"\x08\x08\x12\x00", "HEAD:net.onnx cannot be analysed alike: "),
    ("net.onnx", b"version https://git-lfs.github.com/spec/v1\n", "cannot read HEAD:net.onnx: git has only a pointer"),
]


@pytest.mark.parametrize(("path", "before", "words"), UNREAD, ids=["configuration", "no model", "pointer"])
def test_what_cannot_be_read_there_is_no_tick(
    path: str, before: bytes, words: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    """It is a warning with the cause; a failure with --strict."""
    after = next(row for row in ROWS if row.path == path)
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_bytes(before)
    (tmp_path / "archcost.toml").write_text(f'specs = ["{path}"]\n[[budgets]]\nparams = "0%"\n')
    commit(tmp_path)
    (tmp_path / path).write_bytes(after.after)
    told = run("check", "--baseline-ref", "HEAD", *after.words, cwd=tmp_path)
    assert words in told.out + told.err
    assert told.code == 0
    assert "✓" not in told.out
    assert run("check", "--baseline-ref", "HEAD", "--strict", *after.words, cwd=tmp_path).code == 1
