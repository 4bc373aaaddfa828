"""Files that a person names and that hold no model: they say what they are, whatever command has met them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
PULL = "git has only a pointer to it, and Git LFS the content\nhelp: `git lfs pull` fetches the content"
NO_ONNX = "is no ONNX file, or not all of one\nhelp: download or export it again"
WEIGHTS = "is a file of weights, which does not say what is computed with them\nhelp: name a spec"
FILES = [
    ("net.onnx", POINTER, PULL),
    ("config.json", POINTER, PULL),
    ("net.yaml", POINTER, PULL),
    ("net.onnx", b"", NO_ONNX),
    ("net.onnx", b"<!DOCTYPE html><html>Sign in</html>", NO_ONNX),
    ("net.onnx", b"\xab\xff\x00", NO_ONNX),
    ("net.pt", b"PK\x03\x04\x00", WEIGHTS),
    ("model.safetensors", b"\x10\x00\x00\x00\x00\x00\x00\x00{}", WEIGHTS),
]


@pytest.mark.parametrize("command", ["analyze", "import"])
@pytest.mark.parametrize(("name", "content", "said"), FILES)
def test_they_are_told_as_what_they_are(
    name: str, content: bytes, said: str, command: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    told = run(command, name, cwd=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert said in told.err
    assert told.err.count("error: ") == 1


def test_weights_are_told_by_their_name_where_they_are_too_large_to_read(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(2**30)  # of which the disk has nothing
    told = run("predict", "model.safetensors", "--device", "a100", cwd=tmp_path)
    assert told.code == 2
    assert WEIGHTS in told.err


def test_a_spec_may_have_any_name(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_text("archcost: 1\ninput: [8]\nlayers: [relu]\n", encoding="utf-8")
    assert run("validate", "net.onnx", cwd=tmp_path).code == 0
