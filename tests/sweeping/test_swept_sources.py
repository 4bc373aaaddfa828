"""Sources that stand for specs, swept by the params that they are translated with; what has none says so."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from tests.importers.onnx.test_commands import write
from tests.importers.ultralytics.architectures import OF_V8, model_yaml, v8

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 256,
    "intermediate_size": 688,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "vocab_size": 32_000,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "hidden_act": "silu",
}
Vary = dict[str, list[Any]]
FIGURES = ("params", "macs", "flops", "activation_bytes", "layers")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA), encoding="utf-8")
    yolo = model_yaml(v8("Detect", ["nc"]), nc=80, scales=OF_V8)
    (tmp_path / "yolov8n.yaml").write_text(yolo, encoding="utf-8")
    write(tmp_path, "net.onnx", 4)
    return tmp_path


def held_against_single_analyses(source: str, vary: Vary, done: Run) -> None:
    assert done.code == 0, done.err
    found = list(csv.DictReader(io.StringIO(done.out)))
    expected = 1
    for values in vary.values():
        expected *= len(values)
    assert len(found) == expected
    for row in found:
        params = {name: type(vary[name][0])(row[f"param.{name}" if name in FIGURES else name]) for name in vary}
        totals = archcost.analyze(source, params=params).totals
        assert {name: int(row[name]) for name in FIGURES} == {name: getattr(totals, name) for name in FIGURES}


def options(vary: Vary) -> list[str]:
    return [word for name, values in vary.items() for word in ("--vary", f"{name}={','.join(map(str, values))}")]


SWEEPS: dict[str, tuple[str, Vary]] = {
    "a configuration by its tokens": ("config.json", {"tokens": [1, 128, 512]}),
    "its sizes": ("config.json", {"layers": [2, 4], "width": [256, 512], "kv_heads": [2, 4, 8]}),
    "a detector by its scale": ("yolov8n.yaml", {"scale": ["n", "s", "x"], "nc": [1, 80]}),
    "its factors": ("yolov8n.yaml", {"width": [0.25, 0.4, 0.5], "depth": [0.33, 0.67], "resolution": [320, 640]}),
}


@pytest.mark.parametrize("name", SWEEPS)
def test_rows_are_those_of_single_analyses(name: str, run: Callable[..., Run], folder: Path) -> None:
    source, vary = SWEEPS[name]
    words = ("--metrics", ",".join(FIGURES), "--format", "csv")
    done = run("sweep", source, *options(vary), *words, cwd=folder)
    held_against_single_analyses(str(folder / source), vary, done)


def test_a_file_of_a_space_names_a_source(run: Callable[..., Run], folder: Path) -> None:
    text = "archcost_space: 1\nspec: config.json\nvary: {tokens: [128, 512]}\nexpect: {designs: 2}\n"
    (folder / "space.yaml").write_text(text, encoding="utf-8")
    assert run("validate", "space.yaml", cwd=folder).code == 0
    done = run("sweep", "space.yaml", "--metrics", ",".join(FIGURES), "--format", "csv", cwd=folder)
    held_against_single_analyses(str(folder / "config.json"), {"tokens": [128, 512]}, done)


def test_a_file_of_onnx_by_its_batch(run: Callable[..., Run], folder: Path) -> None:
    """A convolution at 8 × 8: 64 · 4 · 27 MACs an image."""
    words = ("--input", "3x8x8", "--vary", "batch=1,8,64", "--format", "csv")
    done = run("sweep", "net.onnx", *words, cwd=folder)
    assert done.code == 0, done.err
    found = list(csv.DictReader(io.StringIO(done.out)))
    assert [(row["params"], int(row["macs"])) for row in found] == [("108", n * 64 * 4 * 27) for n in (1, 8, 64)]


def test_an_open_size_is_asked_for(run: Callable[..., Run], folder: Path) -> None:
    done = run("sweep", "net.onnx", "--vary", "batch=1,8", cwd=folder)
    assert done.code == 2
    assert "--input x=3x224x224" in done.err


def test_what_has_no_params_says_how_it_gets_some(run: Callable[..., Run], folder: Path) -> None:
    done = run("sweep", "net.onnx", "--input", "3x8x8", "--vary", "h=8,16", cwd=folder)
    assert done.code == 2
    assert "net has no param 'h'" in done.err
    assert "only `batch` can vary of what is imported; `archcost import net.onnx -o net.yaml`" in done.err
    (folder / "plain.yaml").write_text("archcost: 1\nname: plain\ninput: [3]\nlayers: [relu]\n", encoding="utf-8")
    done = run("sweep", "plain.yaml", "--vary", "width=8,16", cwd=folder)
    assert done.code == 2
    assert "it has no params, so that only `batch` can vary" in done.err


def test_a_written_import_varies_once_it_has_a_param(run: Callable[..., Run], folder: Path) -> None:
    assert run("import", "net.onnx", "--input", "3x8x8", "-o", "net.yaml", cwd=folder).code == 0
    text = (folder / "net.yaml").read_text(encoding="utf-8")
    assert "out_channels: 4" in text
    text = text.replace("out_channels: 4", "out_channels: $width").replace("\ninput", "\nparams: {width: 4}\ninput", 1)
    (folder / "net.yaml").write_text(text, encoding="utf-8")
    done = run("sweep", "net.yaml", "--vary", "width=4,8", "--format", "csv", cwd=folder)
    assert done.code == 0, done.err
    assert [int(row["params"]) for row in csv.DictReader(io.StringIO(done.out))] == [4 * 27, 8 * 27]


def test_a_model_of_a_library(run: Callable[..., Run]) -> None:
    pytest.importorskip("timm")
    done = run("sweep", "timm:resnet18", "--vary", "batch=1,2", "--format", "csv")
    assert done.code == 0, done.err
    macs = [int(row["macs"]) for row in csv.DictReader(io.StringIO(done.out))]
    assert macs == [1_814_073_344, 2 * 1_814_073_344]
    done = run("sweep", "timm:resnet18", "--vary", "num_classes=10,100")
    assert done.code == 2
    assert "archcost import timm:resnet18 -o net.yaml" in done.err
