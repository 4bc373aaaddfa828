"""The Python API: its surface, its types, and what it never imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import archcost
from archcost.spec.loader import loads

ROOT = Path(__file__).parent.parent
EXPORTS = {
    *("ArchcostError", "Costs", "Diagnostic", "Layer", "Mark", "MissingExtraError", "Report", "Spec", "SpecError"),
    *("Totals", "UsageError", "__version__", "analyze", "load"),
}


def test_the_surface_is_closed() -> None:
    assert set(archcost.__all__) >= EXPORTS
    for name in archcost.__all__:
        assert getattr(archcost, name) is not None
    with pytest.raises(AttributeError):
        _ = archcost.no_such_name


def test_errors_form_one_tree() -> None:
    for name in ("SpecError", "UsageError", "MissingExtraError"):
        assert issubclass(getattr(archcost, name), archcost.ArchcostError)


def test_a_report_answers_what_the_readme_asks() -> None:
    spec = archcost.load("mobilenet_v1")
    report = archcost.analyze(spec, params={"width": 0.5}, batch=1)
    assert report.totals.params == 1_331_592
    assert report.layers[0].path == "conv1"
    assert report.layers[0].output == ((1, 16, 112, 112),)
    assert report.to_dict()["schema"] == "archcost.report/1"


def test_a_loaded_spec_is_not_parsed_again() -> None:
    spec = archcost.load("mobilenet_v1")
    whole, half = archcost.analyze(spec), archcost.analyze(spec, params={"width": 0.5})
    again = archcost.analyze(spec)
    assert whole.totals == again.totals != half.totals


def test_paths_and_loaded_specs_are_the_same() -> None:
    path = ROOT / "specs" / "resnet18.yaml"
    assert archcost.analyze(path).totals == archcost.analyze(str(path)).totals == archcost.analyze("resnet18").totals


def test_the_batch_scales_what_it_should() -> None:
    one, four = archcost.analyze("resnet18").totals, archcost.analyze("resnet18", batch=4).totals
    assert four.params == one.params
    assert four.macs == 4 * one.macs
    assert four.activation_bytes == 4 * one.activation_bytes
    assert four.peak_activation_bytes == 4 * one.peak_activation_bytes


def test_the_dtype_scales_bytes() -> None:
    single, half = archcost.analyze("resnet18").totals, archcost.analyze("resnet18", dtype="float16").totals
    assert 2 * half.weight_bytes == single.weight_bytes == 4 * single.params
    assert 2 * half.activation_bytes == single.activation_bytes


def test_costs_add_up() -> None:
    report = archcost.analyze("googlenet")
    total = sum((layer.costs for layer in report.layers), archcost.Costs())
    assert (total.params, total.macs, total.flops) == (report.totals.params, report.totals.macs, report.totals.flops)


def test_the_peak_of_a_residual_block() -> None:
    """x (4·8·8) is kept for the add while the convolution's output and then the activation exist."""
    spec = loads(
        "archcost: 1\ninput: [4, 8, 8]\nlayers:\n"
        "  - conv2d: {out_channels: 4, kernel_size: 3, padding: 1}\n  - relu\n  - add:\n    from: [relu, input]\n"
    )
    assert archcost.analyze(spec).totals.peak_activation_bytes == 3 * 4 * 8 * 8 * 4


def test_params_without_end_are_valid_json() -> None:
    spec = loads("archcost: 1\nparams: {top: .inf, low: -.inf, list: [.nan]}\ninput: [4]\nlayers: [relu]\n")
    params = archcost.analyze(spec).to_dict()["spec"]["params"]
    assert params == {"top": ".inf", "low": "-.inf", "list": [".nan"]}


def test_unknown_params_are_usage_errors() -> None:
    with pytest.raises(archcost.UsageError, match="'width'"):
        archcost.analyze("mobilenet_v1", params={"widht": 0.5})


def test_a_spec_error_prints_itself() -> None:
    text = r"(?s)error: unknown kind 'rellu'.*--> <string>:3:10.*help: did you mean 'relu'"
    with pytest.raises(archcost.SpecError, match=text):
        loads("archcost: 1\ninput: [3]\nlayers: [rellu]\n")


def test_an_analysis_imports_no_torch_and_no_numpy() -> None:
    code = (
        "import sys, archcost\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('yaml', 'rich', 'typer')]\n"
        "archcost.analyze('googlenet').to_dict()\n"
        "sys.argv = ['archcost', 'analyze', 'googlenet']\n"
        "from archcost.cli import main\n"
        "main()\n"
        "heavy = {'torch', 'numpy', 'fvcore', 'torchvision', 'pydantic', 'jsonschema'}\n"
        "sys.exit(', '.join(heavy & {name.split('.')[0] for name in sys.modules}))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr


def test_the_wheel_carries_the_zoo_and_its_types(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(ZipFile(wheel).namelist())
    assert "archcost/py.typed" in names
    for path in (ROOT / "specs").rglob("*.yaml"):
        assert f"archcost/specs/{path.relative_to(ROOT / 'specs').as_posix()}" in names
    target = tmp_path / "site"
    ZipFile(wheel).extractall(target)
    code = "import archcost, sys; sys.exit(archcost.analyze('googlenet').totals.params != 6998552)"
    subprocess.run([sys.executable, "-c", code], cwd=target, check=True)
