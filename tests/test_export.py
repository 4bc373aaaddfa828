"""``archcost export``: what it writes, to the letter, what it refuses, and that it does so without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.exporting.source import to_torch
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

ROOT = Path(__file__).parent.parent
WITHOUT_TORCH = """
import sys
for name in ("torch", "numpy", "fvcore"):
    sys.modules[name] = None  # an import raises ImportError
sys.argv = ["archcost", "export", "googlenet", "--training"]
from archcost.cli import main
main()
"""


@pytest.mark.parametrize("name", ["inception_reduced", "residual"])
def test_source(name: str, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    result = run("export", name)
    assert result.code == 0, result.err
    golden(f"export/{name}.py.txt", result.out)


def test_format_and_file(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    result = run("export", "mobilenet_v1", "--format", "torch", "--set", "width=0.25", "-o", str(path))
    assert (result.code, result.out) == (0, "")
    assert "Params: width=0.25, resolution=224, middle=5, " in path.read_text(encoding="utf-8")


def test_training_only_parts(run: Callable[..., Run]) -> None:
    assert "aux1" not in run("export", "googlenet").out
    source = run("export", "googlenet", "--training").out
    assert '"""googlenet, its training-only parts included: PyTorch source by archcost export.' in source
    assert "self.aux1 = AuxiliaryHead(512)" in source


def test_what_it_refuses(run: Callable[..., Run]) -> None:
    result = run("export", "residual", "--set", "projection=false")
    assert (result.code, result.out) == (2, "")
    assert "add cannot broadcast" in result.err
    result = run("export", "specs/vgg*_bn.yaml")
    assert (result.code, result.out) == (2, "")
    assert "export takes one spec, 'specs/vgg*_bn.yaml' stands for 4" in result.err
    assert "has no param 'sise'" in run("export", "residual", "--set", "sise=1").err
    assert run("export", "residual", "--format", "onnx").code == 2


def test_it_needs_no_torch() -> None:
    result = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, check=True)
    assert "class Googlenet(nn.Module):" in result.stdout


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        pytest.param("residual", "output: (1, 128, 28, 28)", marks=pytest.mark.long),
        ("googlenet", "softmax: (1, 1000)\naux1.softmax: (1, 1000)"),
    ],
)
def test_the_source_is_a_program(name: str, shapes: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    report = archcost.analyze(name, training=True)
    path = tmp_path / "net.py"
    path.write_text(to_torch(report), encoding="utf-8")
    command = [sys.executable, "-I", "-W", "error", str(path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert out.startswith(f"{shapes}\n")
    assert out.endswith(f"\n{report.totals.params:,} parameters\n")


def test_texts_of_a_spec_stay_texts() -> None:
    """Names and sources can hold anything: none of it becomes code."""
    name = '3 "nets""" + \\\\ é'
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    spec = loads(
        f'archcost: 1\nname: "{quoted}"\nsource: "{quoted}"\nparams: {{text: "{quoted}"}}\ninput: [4]\n'
        "layers: [{id: 'a\"b\\', linear: {out_features: 4}}, {id: \"0'x\", relu: }]\n"
    )
    text = to_torch(archcost.analyze(spec))
    names: dict[str, object] = {}
    exec(compile(text.split("import torch")[0], "exported.py", "exec"), names)
    assert str(names["__doc__"]).startswith("3 \"nets''' + \\\\ é")
    assert "class Block3Nets(nn.Module):" in text
    assert """self.add_module("a\\"b\\\\", nn.Linear(4, 4))""" in text


def test_scopes_of_blocks_know_what_they_take_and_their_params() -> None:
    graph = archcost.analyze("resnet18").graph
    scopes = {scope.path: scope for scope in graph.scopes}
    paths = [node.path for node in graph.nodes]
    block, shortcut = scopes["layer2.0"], scopes["layer2.0.downsample"]
    (value,) = block.inputs
    assert graph.value_names([value]) == ["layer1.1.relu_1"]
    assert shortcut.inputs == block.inputs
    assert dict(block.params or {}) == {"width": 128, "stride": 2}
    assert dict(shortcut.params or {}) == {"out": 128, "stride": 2, "project": True}
    assert scopes["layer2"].params is None
    assert "layer2.0.downsample.conv2d" in paths


def test_the_example_of_the_docs_is_what_is_written(run: Callable[..., Run]) -> None:
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    source = run("export", "googlenet").out
    blocks = [part.split("```")[0] for part in page.split("```python\n")[1:] if part.startswith("class ")]
    assert len(blocks) == 2
    assert [block for block in blocks if block not in source] == []
