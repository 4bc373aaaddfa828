"""The Python API: its surface, its types, and what it never imports."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.analysis.report import Report
from archcost.analysis.zoo_check import zoo_check_data
from archcost.cli import COMMANDS
from archcost.settings import Settings
from archcost.spec.loader import loads
from archcost.spec.loader import reads as loads_leniently
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conftest import Run

ROOT = Path(__file__).parent.parent
TYPES = {
    *("ArchcostError", "ConfigError", "Costs", "Device", "Diagnostic", "Finding", "Layer", "Mark"),
    *("MissingExtraError", "Report", "Spec", "SpecError", "Totals", "UsageError", "Verdict", "Verification"),
}
HELPERS = {"build", "device", "load", "microcontroller", "training_cost"}  # functions without a command of their own


def test_the_surface_is_closed() -> None:
    assert set(archcost.__all__) == TYPES | HELPERS | set(FUNCTIONS.values()) | {"__version__"}
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
        "try:\n    main()\nexcept SystemExit as done:\n    assert not done.code\n"
        "heavy = {'torch', 'numpy', 'fvcore', 'torchvision', 'pydantic', 'jsonschema'}\n"
        "sys.exit(', '.join(heavy & {name.split('.')[0] for name in sys.modules}) or 0)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr


NET = """archcost: 1
name: net
params: {width: 8}
input: [3, 8, 8]
layers:
  - {id: stem, conv2d: {out_channels: $width, kernel_size: 3, padding: 1}}
  - {id: head, linear: {out_features: 2}}
budgets: {params: 100}
"""
FUNCTIONS = {command: command for command in COMMANDS if command != "completion"} | {  # which is for shells alone
    "baseline": "update_baseline",
    "import": "import_model",
    "ops": "op_reference",
    "sweep": "space",
    "report": "page",  # a report is what analyze returns
    "zoo --check": "zoo_check",
    "zoo --copy": "zoo_copy",
}


def test_every_command_has_its_function() -> None:
    assert set(FUNCTIONS.values()) <= set(archcost.__all__)
    assert all(callable(getattr(archcost, name)) for name in FUNCTIONS.values())


def test_the_functions_stay_what_they_are() -> None:
    """A room of the same name would take the function's place once it is loaded."""
    names = [name for name in archcost.__all__ if name[0].islower()]
    assert not [name for name in names if find_spec(f"archcost.{name}") is not None]


def test_the_page_on_python_is_true() -> None:
    found = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False)
    assert (found.failed, found.attempted) == (0, 8)


def test_no_module_of_the_library_reaches_into_the_command_line() -> None:
    """In a fresh process, what the functions load: nothing of the commands, and none of what these are made with."""
    code = (
        "import sys, archcost\n"
        "net = archcost.load('alexnet')\n"
        "archcost.compare(net, 'vgg11'), archcost.memory(net), archcost.explain(net)\n"
        "archcost.export(net), archcost.reconcile(net), archcost.validate(net)\n"
        "archcost.check(['alexnet']), archcost.schema('memory'), archcost.zoo('alexnet')\n"
        "archcost.devices('4090'), archcost.fits(net, device='4090'), archcost.fits(net)\n"
        "sys.exit(', '.join(name for name in sys.modules if name.split('.')[0] in ('typer', 'click')"
        " or name.startswith(('archcost.commands', 'archcost.cli'))) or 0)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr


VALUES: list[tuple[str, Callable[[Any], Any], list[str]]] = [  # a command, its function's value, and the options
    ("analyze", archcost.analyze, []),
    ("memory", archcost.memory, []),
    ("memory", lambda spec: archcost.memory(spec, optimizer="adam", batch=2), ["--optimizer", "adam", "--batch", "2"]),
    ("memory", lambda spec: archcost.microcontroller(spec, inplace=True), ["--fused", "--inplace"]),
    ("memory", lambda spec: archcost.microcontroller(spec, engine="tinyengine-2020"),
     ["--fused", "--engine", "tinyengine-2020"]),
    ("fits", archcost.fits, []),
    ("fits", lambda spec: archcost.fits(spec, device=["t4", "4090"], reserve="1GiB", optimizer="adam"),
     ["--device", "t4", "--device", "4090", "--reserve", "1GiB", "--optimizer", "adam"]),
    ("explain", archcost.explain, []),
    ("explain", lambda spec: archcost.explain(spec, "stem"), ["stem"]),
    ("explain", lambda spec: archcost.explain(spec, balance=3), ["--balance", "3"]),
    ("explain", lambda spec: archcost.explain(spec, "stem", variable="width"), ["stem", "--in", "width"]),
    ("reconcile", archcost.reconcile, []),
    ("reconcile", lambda spec: archcost.reconcile(spec, tools=["thop"], published="240 params"),
     ["--with", "thop", "--published", "240 params"]),
    ("compare", lambda spec: archcost.compare(spec, archcost.analyze(spec, params={"width": 9})),
     ["net.yaml", "--set-b", "width=9"]),
    ("compare", lambda spec: archcost.compare(spec, "alexnet", "vgg11"), ["alexnet", "vgg11"]),
    ("compare", lambda spec: archcost.compare("vgg11", spec, "alexnet", sort="macs", batch=2),
     ["alexnet", "vgg11", "--sort", "macs", "--batch", "2"]),
    ("check", lambda spec: archcost.check([spec]), []),
    ("check", lambda spec: archcost.check([spec], params={"width": 1}), ["--set", "width=1"]),
    ("check", lambda spec: archcost.check([spec, "lost.yaml"]), ["lost.yaml"]),
    ("verify", archcost.verify, []),
    ("verify", lambda spec: archcost.verify(spec, params={"width": 2}, device="cpu"),
     ["--set", "width=2", "--device", "cpu"]),
]  # fmt: skip


@pytest.mark.parametrize(("command", "value", "options"), VALUES)
def test_a_function_returns_what_its_command_prints(
    command: str, value: Callable[[Any], Any], options: list[str], tmp_path: Path, run: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    result = run(command, "net.yaml", *options, "--format", "json", cwd=tmp_path)
    found = value("net.yaml")
    assert json.loads(json_text(found.to_dict())) == json.loads(result.out)
    assert result.code == getattr(found, "exit_code", 0)


def test_an_export_is_what_the_command_writes(tmp_path: Path, run: Callable[..., Run]) -> None:
    assert run("export", "mobilenet_v1", "--set", "width=0.5", cwd=tmp_path).out == archcost.export(
        "mobilenet_v1", params={"width": 0.5}
    )


def test_check_and_baseline_work_as_their_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """3 × 3 × 3 × 8 + 8 in the convolution and 8 × 2 + 2 in the head are more than the 100 that the budget allows."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    verdict = archcost.check([Path("net.yaml")])
    assert (verdict.exit_code, [finding.figure for finding in verdict.specs[0].findings][:1]) == (1, [224 + 18])
    assert archcost.check(["net.yaml"], params={"width": 1}).exit_code == 0
    first = archcost.update_baseline(["net.yaml"], params={"width": 1})
    assert (first.new, first.written, Path("archcost.lock.json").exists()) == (("net.yaml",), True, True)
    grown = archcost.update_baseline(["net.yaml"], params={"width": 1}, batch=2)
    assert (grown.refused, [each.metric for each in grown.increases]) == (True, ["macs"])
    assert archcost.update_baseline(["net.yaml"], batch=2, allow_increase=True).changed == ("net.yaml",)


def test_validate_tells_every_problem_of_a_spec(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    assert archcost.validate(path) == archcost.validate(archcost.load("alexnet")) == ()
    path.write_text(NET.replace("conv2d", "conv3d").replace("linear", "liner"))
    assert [problem.mark.line + 1 for problem in archcost.validate(path) if problem.mark] == [6, 7]
    path.write_text("archcost: 1\nblocks: {b: {layers: [relu]}}\n")
    assert archcost.validate(path) == ()


def test_what_is_compared_may_be_at_a_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, the convolution has a channel; now it has 8. The head reads the last dim and stays."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET.replace("width: 8", "width: 1"))
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm one"):
        subprocess.run(["git", *words.split()], check=True)
    Path("net.yaml").write_text(NET)
    assert archcost.compare("HEAD:net.yaml", "net.yaml").total("params").delta == 7 * (3 * 3 * 3 + 1)


def test_the_zoo_is_checked_as_by_its_command(run: Callable[..., Run]) -> None:
    printed = json.loads(run("zoo", "--family", "VGG", "--check", "--format", "json").out)
    found = archcost.zoo_check(model.name for model in archcost.zoo(family="vgg"))
    assert (found.holds, found.deviations) == (True, [])
    assert printed == json.loads(json_text(zoo_check_data(found)))


def test_what_checks_and_records_can_be_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    seen: list[str] = []

    def track(paths: Sequence[str]) -> Iterator[str]:
        for path in paths:
            yield path
            seen.append(path)

    archcost.check(["net.yaml", "alexnet"], track=track)
    archcost.update_baseline(["net.yaml"], params={"width": 1}, track=track)
    assert seen == ["net.yaml", "alexnet", "net.yaml"]


def test_the_zoo_by_family() -> None:
    assert [model.name for model in archcost.zoo(family="alexnet")] == ["alexnet"]
    with pytest.raises(archcost.UsageError, match="no family 'alexnett'"):
        archcost.zoo(family="alexnett")


def test_schemas_by_name() -> None:
    assert archcost.schema("report")["$schema"] == archcost.schema("comparison")["$schema"]
    with pytest.raises(archcost.UsageError, match=r"no schema 'memry'\nhelp: did you mean 'memory'"):
        archcost.schema("memry")


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: archcost.compare(archcost.analyze("alexnet"), "alexnet", batch=2), "has its settings already"),
    (lambda: archcost.explain("alexnet", "con1"), "no layer or scope 'con1'"),
    (lambda: archcost.explain("alexnet", variable="size"), "no param 'size'"),
    (lambda: archcost.explain("alexnet", balance=0), "above 0, got 0"),
    (lambda: archcost.explain("alexnet", balance=float("nan")), "above 0, got nan"),
    (lambda: archcost.memory("alexnet", optimizer="adm"), "no optimizer 'adm'"),
    (lambda: archcost.memory("alexnet", schedule="min"), "no schedule 'min'"),
    (lambda: archcost.memory("alexnet", mixed="float8"), "no half precision 'float8'"),
    (lambda: archcost.memory("alexnet", training=True, schedule="min-peak"), "is for inference"),
    (lambda: archcost.memory("alexnet", lora=8, schedule="min-peak"), "is for inference"),
    (lambda: archcost.memory("alexnet", checkpoint=["nowhere"]), "fits --checkpoint 'nowhere'"),
    (lambda: archcost.memory("alexnet", dtype="float7"), "unknown dtype 'float7'"),
    (lambda: archcost.analyze("alexnet", weight_dtype="int3"), "unknown weight dtype 'int3'"),
    (lambda: archcost.reconcile("alexnet", tools=["thpo"]), "no convention 'thpo'"),
    (lambda: archcost.compare("alexnet", "vgg11", "vgg13", sort="mac"), "no total 'mac'"),
    (lambda: archcost.verify("alexnet", threads=2), "--threads says how to measure"),
    (archcost.bench, "bench takes a spec or more"),
    (lambda: archcost.bench("alexnet", min_time=0), "above 0"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_a_wrong_call_says_what_is_wrong(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(archcost.UsageError, match=message):
        call()


# --- settings ---------------------------------------------------------------------------------------------------------


def test_a_graph_carries_its_settings_and_figures_are_of_them() -> None:
    """The bytes of weights of one spec under three dtypes, and the last report's again: nothing is kept from before."""
    spec = loads(NET)
    weights = {"float32": 4 * 242, "int8": 27 * 8 + 8 * 2 + 4 * 10, "int4": (27 * 8 + 8 * 2) // 2 + 4 * 10}
    for dtype, expected in [*weights.items(), *weights.items()]:
        report = archcost.analyze(spec, batch=3, weight_dtype=dtype)
        assert report.graph.settings == Settings(batch=3, weight_dtype=dtype)
        assert report.totals.weight_bytes == expected
        again = Report(report.graph._replace(settings=Settings(batch=3)))
        assert again.totals.weight_bytes == weights["float32"]
    assert Settings().as_it_stands
    assert Settings(dtype="float16", weight_dtype="int8").as_it_stands  # bytes alone
    assert not any(each.as_it_stands for each in (Settings({"width": 8}), Settings(batch=2), Settings(training=True)))


def test_what_is_known_of_a_wrong_spec_is_of_the_dtype_that_was_asked_for() -> None:
    broken = loads_leniently(NET.replace("linear: {out_features: 2}", "conv2d: {out_channels: 2, kernel_size: 99}"))
    with pytest.raises(archcost.SpecError) as found:
        archcost.analyze(broken, weight_dtype="int8")
    assert found.value.partial.totals.weight_bytes == 27 * 8 + 4 * 8


def test_no_class_of_settings_has_the_name_of_another() -> None:
    pattern = re.compile(r"^class (\w*Settings)\b", re.MULTILINE)
    names = [name for path in (ROOT / "archcost").rglob("*.py") for name in pattern.findall(path.read_text())]
    assert len(names) == len(set(names))
