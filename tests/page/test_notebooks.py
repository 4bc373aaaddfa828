"""What notebooks show: every value as HTML without a script, and the notebook in examples/, executed."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

import archcost
from archcost.spec.loader import loads
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.api.design_space import DesignSpace

NOTEBOOK = Path(__file__).parents[2] / "examples" / "archcost.ipynb"

# A value, and headlines that it shows: 7·7·3·64 + 64 = 9,472 params are GoogLeNet's first layer.
VALUES: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "report": (lambda: zoo_report("googlenet"), ("6,998,552", "conv1.conv2d (conv2d): 9,472 params")),
    "page": (lambda: archcost.page(zoo_report("googlenet")), ("1,582,671,872", "26.7 MiB")),
    "comparison": (
        lambda: archcost.compare(zoo_report("resnet18"), zoo_report("resnet34")),
        ("11.7 M → 21.8 M", "resnet18 → resnet34"),
    ),
    "side by side": (
        lambda: archcost.compare(*map(zoo_report, ("resnet18", "resnet34", "resnet50"))),
        ("11.7 M", "21.8 M", "25.6 M"),
    ),
    "prediction": (
        lambda: archcost.predict("resnet18", device="t4"),
        ("time: Tesla T4", "fits Tesla T4", "predicted float32, eager, not validated<"),
    ),
    "prediction, validated": (
        lambda: archcost.predict("resnet50", device="rtx4090", batch=64, dtype="float16"),
        ("predicted float16, eager, ±5.1%<",),
    ),
    "fits": (lambda: archcost.fits("resnet18", device="t4"), ("fits Tesla T4", "✓")),
    "fits, a table": (lambda: archcost.fits("resnet18"), ("needed: float32", "needed: int4 weights")),
    "memory": (lambda: archcost.memory("resnet18"), ("memory to run", "peak activations")),
    "training": (lambda: archcost.memory("resnet18", training=True), ("memory to train", "gradients")),
    "training step": (
        lambda: archcost.analyze("resnet18", training=True, batch=8),
        ("a training step · 8×3×224×224 float32 · batch 8", "memory to train with sgd", "42.6 G training MACs"),
    ),
    "one token": (
        lambda: archcost.analyze("llama_3_8b", params={"tokens": 1, "past": 8191}, kv_dtype="int8"),
        ("one token after 8,191 · tokens 1×1 int64 · bfloat16 · KV cache as int8 · batch 1 · tokens=1 past=8191",),
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_shows_headlines_and_a_picture_without_a_script(name: str) -> None:
    make, told = VALUES[name]
    html = make()._repr_html_()
    for text in told:
        assert text in html
    assert "<script" not in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    tree = ET.fromstring(f"<div>{html}</div>")
    assert tree.findall(".//{http://www.w3.org/2000/svg}svg")


def test_what_a_change_leaves_is_told_of_the_same_memory_as_the_headline() -> None:
    """Of U-Net the best order of layers saves a little of 279 MiB; working in place saves nothing, and has no card."""
    study = archcost.memory("unet")
    (best,) = [change for change in study.whatifs if change.peak < study.peak]
    html = study._repr_html_() or ""
    left = study.run.total - (study.peak - best.peak)
    assert left == archcost.memory("unet", schedule="min-peak").run.total
    assert f'title="{left:,} B"' in html
    assert best.option in html
    assert "--inplace" not in html


def test_models_of_one_name_beside_each_other_are_told_apart() -> None:
    widths = [archcost.analyze("mobilenet_v1", params={"width": width}) for width in (1, 0.75, 0.5)]
    html = archcost.compare(*widths)._repr_html_() or ""
    assert all(f"mobilenet_v1 width={width}" in html for width in (0.75, 0.5))


@cache
def space() -> DesignSpace:
    return archcost.space("mobilenet_v1", vary={"width": "0.25:1.5:0.25", "resolution": "128..224..32"})


SWEPT: dict[str, tuple[Callable[[], Any], tuple[str, ...], int]] = {  # and the points of a picture
    "space": (space, ("settings", "24", "0.25, 0.5, 0.75, 1.0, 1.25, 1.5"), 0),
    "tables": (lambda: space().tables(), ("on the front", "width=1.50, resolution=224"), 24),
    "sweep": (lambda: space().sweep(), ("designs", "least MACs", "most params"), 24),
    "condition": (lambda: space().sweep(where="width <= 0.5"), ("meet the condition", "33.3%"), 8),
    "count": (lambda: space().sweep(count=True), ("designs", "24"), 0),
    "histogram": (lambda: space().sweep(histogram="macs"), ("MACs from", "█"), 0),
    "designs": (lambda: space().tables().front(min="macs", max="params"), ("on the front",), 6),
    "page": (lambda: archcost.page(space().sweep()), ("on the front", "least MACs"), 24),
}


@pytest.mark.parametrize("name", SWEPT)
def test_a_value_of_a_sweep_shows_itself(name: str) -> None:
    make, told, points = SWEPT[name]
    html = make()._repr_html_()
    for text in told:
        assert text in html
    assert "<script" not in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    tree = ET.fromstring(f"<div>{html}</div>")
    assert len(tree.findall(".//{http://www.w3.org/2000/svg}circle")) == points


TOLD: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {  # by the document of their command, and what it says
    "a model": (lambda: archcost.explain(zoo_report("resnet18")), ("resnet18", "<b>depth</b> 18 of the 21 layers")),
    "a layer": (lambda: archcost.explain(zoo_report("resnet18"), "conv1"), ("<b>params</b>", "= 7·7·3·64 = 9,408")),
    "formulas": (lambda: archcost.explain("mobilenet_v1", variable="width"), ("width = 1", "1,091,392·width + 1,000")),
    "reconciliation": (
        lambda: archcost.reconcile(zoo_report("resnet18"), tools=["fvcore"]),
        ("1,814,073,344 MACs", f"+{1_819_065_856 - 1_814_073_344 - 25_088:,}</td>"),
    ),
    "verdict": (lambda: archcost.check(["net.yaml"]), ("<td", "net.yaml:5", "1 spec: 1 failure")),
    "verification": (
        lambda: archcost.verify("net.yaml"),
        (f"<b>{8 * 3 + 3}</b>", "compared with PyTorch", "✓"),
    ),
    "measured": (lambda: archcost.bench("net.yaml", min_time=0.01, threads=1), ("1 thread", "samples/s")),
    "measured, one": (lambda: archcost.bench("net.yaml", min_time=0.01, threads=1).results[0], ("sum of layers",)),
    "training run": (
        lambda: archcost.training_cost("net.yaml", device="a100", samples=10**9),
        ("A100 SXM4 80GB", "<b>energy</b>"),
    ),
    "microcontroller": (lambda: archcost.microcontroller("mobilenet_v1"), ("SRAM", "1.17 MiB", "code of the engine")),
    "figures of the zoo": (lambda: archcost.zoo_check([zoo_report("nin")]), ("1,100,188,800", "<b>nin</b>")),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_has_no_headlines_is_told_as_its_command_tells_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = "archcost: 1\nname: net\ninput: [8]\nlayers: [linear: 3]\nbudgets: {params: 20}\n"
    (tmp_path / "net.yaml").write_text(net, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    make, told = TOLD[name]
    html = make()._repr_html_()
    for text in told:
        assert text in html
    assert "<script" not in html
    assert "http" not in html
    ET.fromstring(html)


def test_names_of_others_stay_text_in_documents_too(tmp_path: Path) -> None:
    """Of models, layers and messages, in tables and in lines; what ends a line is a blank there."""
    layers = '[{linear: 3, id: "<b>\'"}]'
    limit = '{params: {max: 20, message: "<img src=x>\\n<script>"}}'
    text = f'archcost: 1\nname: "<script>"\ninput: [8]\nlayers: {layers}\nbudgets: {limit}\n'
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    net = str(tmp_path / "net.yaml")
    values = (archcost.explain(net), archcost.reconcile(net), archcost.verify(net), archcost.check([net]))
    for value in values:
        html = value._repr_html_() or ""
        assert "&lt;script&gt;" in html
        assert not any(tag in html for tag in ("<script", "<img", "<b>'"))
        ET.fromstring(html)


def test_a_design_shows_its_figures() -> None:
    design = space().tables().best(max="params")
    assert design is not None
    html = design._repr_html_() or ""
    assert f"{design['params']:,}" in html
    assert "resolution" in html


def test_a_space_of_very_many_designs_shows_its_front_and_some() -> None:
    vary = {"depths[*]": "2,3,4", "kernels[*]": "3,5,7", "expands[*]": "3,4,6"}
    html = archcost.space("ofa_mobilenet_v3", vary=vary).tables()._repr_html_() or ""
    assert "the front, and 400 drawn uniformly" in html
    assert "21,758,655,492,572,485,851" in html
    assert "2,317" in html


def test_names_of_others_stay_text() -> None:
    spec = {"name": "<script>alert(1)</script>", "input": [4], "layers": [{"id": "a", "linear": {"out_features": 2}}]}
    html = archcost.analyze(_written(spec))._repr_html_() or ""
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_layers_before_an_error_show_themselves() -> None:
    layers = "[linear: {out_features: 2}, conv2d: {kernel_size: 3, out_channels: 8}]"
    text = f"archcost: 1\nname: half\ninput: [4]\nlayers: {layers}"
    with pytest.raises(archcost.SpecError) as raised:
        archcost.analyze(loads(text))
    assert raised.value.partial is not None
    assert f"{4 * 2 + 2} params" in (raised.value.partial._repr_html_() or "")


def _written(spec: dict[str, Any]) -> archcost.Spec:
    return loads(yaml.safe_dump({"archcost": 1, **spec}))


def test_the_notebook_runs(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output["data"] for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [data["text/html"] for data in shown if "text/html" in data]
    assert len(pictures) == 9
    assert sum("<svg" in picture for picture in pictures) == 7  # suggestions are a table, and a design has headlines
    assert any("boldness</th>" in picture and ">bold</td>" in picture for picture in pictures)
    assert not any("<script" in picture for picture in pictures)
    assert shown[1]["text/plain"] == "('conv2.conv_relu_1.conv2d', 346816512, 6998552)"
    assert 56 * 56 * 192 * 3 * 3 * 64 == 346_816_512
    assert (tmp_path / "googlenet.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_notebook_is_committed_without_outputs() -> None:
    """Figures in them would be a second place that tells them, and code hosts drop pictures of outputs anyway."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert not re.search(r"[ \t]$", cell.source, re.MULTILINE)


def test_a_comparison_of_one_model_with_itself_says_what_was_set() -> None:
    narrow = archcost.analyze("mobilenet_v1", params={"width": 0.5})
    comparison = archcost.compare(archcost.analyze("mobilenet_v1"), narrow)
    assert "batch 1 → 1×3×224×224 float32 · batch 1 · width=0.5" in (comparison._repr_html_() or "")
    assert repr(comparison) == "Comparison('mobilenet_v1', 'mobilenet_v1', params=-2900384, macs=-419243264)"
