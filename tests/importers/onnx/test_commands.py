"""Files of ONNX where commands take specs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.importers.onnx.recognition import is_onnx
from tests.importers.onnx.models import model, node, weight

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run


def write(folder: Path, name: str, width: int, channels: str | int = 3) -> None:
    """A convolution and a mean: width · 27 params, 8 · 8 · width · 27 MACs at 8 × 8."""
    nodes = [
        node("Conv", ["x", "w"], ["h"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("GlobalAveragePool", ["h"], ["y"]),
    ]
    given = model(nodes, {"x": ["n", channels, "h", "w"]}, {"y": ["n", width, 1, 1]}, [weight("w", width, 3, 3, 3)])
    (folder / name).write_bytes(given.SerializeToString())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "a.onnx", 4)
    write(tmp_path, "b.onnx", 8)
    return tmp_path


SIZE = ("--input", "3x8x8")


def test_a_file_is_analyzed_under_any_name(run: Callable[..., Run], folder: Path) -> None:
    (folder / "a.onnx").rename(folder / "model")
    told = run("analyze", "model", *SIZE, "--format", "json", cwd=folder)
    assert told.code == 0, told.err
    totals = json.loads(told.out)["totals"]
    assert (totals["params"], totals["macs"]) == (4 * 27, 8 * 8 * 4 * 27)


def test_two_files_are_compared(run: Callable[..., Run], folder: Path) -> None:
    told = run("compare", "a.onnx", "b.onnx", *SIZE, cwd=folder)
    assert told.code == 0, told.err
    assert "+108" in told.out  # params: 8 · 27 - 4 · 27


def masked(folder: Path) -> tuple[str, ...]:
    """Files of a ReLU, which leave a size open, the second of a sum with a mask; and a spec of the first."""
    relu, inputs = node("Relu", ["image"], ["y"]), {"image": ["n", 4, "h"]}
    plain = model([relu], inputs, {"y": ["n", 4, "h"]})
    both = [node("Add", ["image", "mask"], ["s"]), node("Relu", ["s"], ["y"])]
    adding = model(both, {**inputs, "mask": ["n", 4, "h"]}, {"y": ["n", 4, "h"]})
    for name, made in {"plain.onnx": plain, "adding.onnx": adding}.items():
        (folder / name).write_bytes(made.SerializeToString())
    (folder / "plain.yaml").write_text("archcost: 1\ninputs: {image: [4, 8]}\nlayers: [relu]\n")
    return "--input", "image=4x6", "--input", "mask=4x6"


@pytest.mark.parametrize("names", [("plain.onnx", "adding.onnx"), ("adding.onnx", "plain.yaml")], ids=" ".join)
def test_an_input_that_one_file_has_is_of_that_one(
    run: Callable[..., Run], tmp_path: Path, names: tuple[str, ...]
) -> None:
    """As of specs, on the command line and in Python: 4 · 6 FLOPs for each of one or two layers."""
    inputs = masked(tmp_path)
    told = run("compare", *names, *inputs, "--format", "json", cwd=tmp_path)
    assert told.code == 0, told.err
    flops = json.loads(told.out)["totals"]["flops"]
    assert sorted([flops["before"], flops["after"]]) == [4 * 6, 2 * 4 * 6]
    before, after = [tmp_path / name for name in names]
    total = archcost.compare(before, after, inputs={"image": (4, 6), "mask": (4, 6)}).total("flops")
    assert (total.before, total.after) == (flops["before"], flops["after"])


def test_an_input_that_no_file_has_is_a_mistake(run: Callable[..., Run], tmp_path: Path) -> None:
    inputs = masked(tmp_path)
    told = run("compare", "plain.onnx", "adding.onnx", *inputs, "--input", "msk=4x6", cwd=tmp_path)
    assert told.code == 2
    assert "adding has no input 'msk'\nhelp: did you mean 'mask'?" in told.err
    told = run("compare", "plain.onnx", "plain.yaml", "--input", "iamge=4x6", cwd=tmp_path)
    assert "the model has no input 'iamge'\nhelp: did you mean 'image'?" in told.err


def test_a_size_that_is_missing_is_asked_for(run: Callable[..., Run], folder: Path) -> None:
    told = run("analyze", "a.onnx", cwd=folder)
    assert told.code == 2
    assert "leaves open how large dim 2 of the input 'x' is ('h')" in told.err
    assert "--input x=3x224x224" in told.err


def test_a_spec_is_written_and_checked(run: Callable[..., Run], folder: Path) -> None:
    assert run("import", "a.onnx", *SIZE, cwd=folder).code == 0
    text = (folder / "a.yaml").read_text()
    assert "conv2d: {out_channels: 4, kernel_size: 3, padding: 1, bias: false}" in text
    assert "params: 108, macs: 6912, source: as imported}" in text
    assert run("import", "a.onnx", "--check", "a.yaml", cwd=folder).code == 0
    told = run("import", "b.onnx", "--check", "a.yaml", cwd=folder)
    assert told.code == 1
    assert "does not give a.yaml any more" in told.err


@pytest.mark.parametrize("option", [("--training",), ("--until", "conv")])
def test_a_file_is_not_run(run: Callable[..., Run], folder: Path, option: tuple[str, ...]) -> None:
    told = run("import", "a.onnx", *SIZE, *option, cwd=folder)
    assert told.code == 2
    assert "an ONNX file is read, not run" in told.err


def test_a_file_at_a_revision_is_read(run: Callable[..., Run], folder: Path) -> None:
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    write(folder, "a.onnx", 8)
    told = run("compare", "HEAD:a.onnx", "a.onnx", *SIZE, cwd=folder)
    assert told.code == 0, told.err
    assert "+108" in told.out


def test_without_the_library_the_extra_is_named(
    run: Callable[..., Run], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archcost.extras.find_spec", {}.get)
    told = run("analyze", "a.onnx", *SIZE, cwd=folder)
    assert told.code == 2
    assert "pip install 'archcost[onnx]'" in told.err


def test_a_spec_is_analyzed_without_the_reader(run: Callable[..., Run], folder: Path) -> None:
    code = (
        "import sys; from archcost.cli import main; sys.argv = ['archcost', 'analyze', 'resnet50']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if 'onnx' in name or 'google' in name], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("[]")


def test_what_is_written_is_recognised(folder: Path) -> None:
    assert is_onnx((folder / "a.onnx").read_bytes())


def test_a_file_on_standard_input(folder: Path) -> None:
    """4 · 27 params; the second reader finds what the first has read of it."""
    data = (folder / "a.onnx").read_bytes()

    def archcost(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "archcost", *words, *SIZE]
        done = subprocess.run(command, input=data, capture_output=True, cwd=folder, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    code, out, _ = archcost("analyze", "-", "--format", "json")
    document = json.loads(out)
    assert (code, document["totals"]["params"], document["spec"]["name"]) == (0, 4 * 27, "model")
    assert archcost("compare", "-", "b.onnx")[0] == 0
    code, out, _ = archcost("import", "-", "-o", "-")
    assert code == 0
    assert 'source: "<stdin> (' in out
    assert archcost("import", "-")[1].startswith("model.yaml: ")


def test_a_cut_file_on_standard_input_is_an_error(folder: Path) -> None:
    data = (folder / "a.onnx").read_bytes()[:-40]
    done = subprocess.run(
        [sys.executable, "-m", "archcost", "analyze", "-"], input=data, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: ")
