"""The ``repr`` of what the public functions return: one line with what the value is of, as rich prints it, too."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NET = """archcost: 1
name: net
params: {k: 4}
input: [3, 8, 8]
layers: [{conv2d: {out_channels: $k, kernel_size: 3}}, relu]
budgets: {params: 100}
"""
CONFIGURATION = (
    """{"model_type": "gpt2", "vocab_size": 100, "n_embd": 8, "n_head": 2, "n_layer": 1, "n_positions": 16}"""
)
PARAMS = 4 * 3 * 3 * 3 + 4
MACS = 6 * 6 * 4 * 3 * 3 * 3
RUN = 4 * (PARAMS + 3 * 8 * 8 + 2 * 4 * 6 * 6)  # weights, the input, and what relu reads and writes
WIDTHS = {"width": [0.5, 1.0]}
CLOCK: dict[str, Any] = {"min_time": 0.01, "threads": 1}

# The value of each public function, and how it shows itself in a line; a text that ends in … is its beginning.
VALUES: dict[str, tuple[Callable[[], Any], str]] = {
    "analyze": (lambda: archcost.analyze("net.yaml"), f"Report('net', params={PARAMS}, macs={MACS})"),
    "analyze, a layer": (
        lambda: archcost.analyze("net.yaml").layers[0],
        f"Layer('conv2d', 'conv2d', output=((1, 4, 6, 6),), params={PARAMS}, macs={MACS})",
    ),
    "bench": (lambda: archcost.bench("net.yaml", **CLOCK), "Bench('net', seconds=[…"),
    "bench, one": (lambda: archcost.bench("net.yaml", **CLOCK).results[0], "Latency('net', seconds=…"),
    "check": (lambda: archcost.check(["net.yaml"]), "Verdict(exit_code=1, specs=1, ok=0, warn=0, fail=1)"),
    "check, a spec": (lambda: archcost.check(["net.yaml"]).specs[0], "SpecVerdict('net.yaml', findings=1, problems=0)"),
    "check, a finding": (
        lambda: next(archcost.check(["net.yaml"]).all_findings()),
        f"Finding('net.yaml', 'params', rule='maximum', status='fail', figure={PARAMS})",
    ),
    "compare": (
        lambda: archcost.compare("net.yaml", archcost.analyze("net.yaml", params={"k": 2})),
        f"Comparison('net', 'net', params={-PARAMS // 2}, macs={-MACS // 2})",
    ),
    "compare, a change": (
        lambda: archcost.compare("net.yaml", archcost.analyze("net.yaml", params={"k": 2})).changes[0],
        f"Change('conv2d', '~', macs={-MACS // 2})",
    ),
    "compare, three": (lambda: archcost.compare(*["net.yaml"] * 3), "SideBySide('net', 'net', 'net')"),
    "device": (lambda: archcost.device("4090"), f"Device('rtx4090', kind='gpu', memory_bytes={24 * 2**30})"),
    "devices": (lambda: archcost.devices("4090"), "[Device('rtx4090', …"),
    "explain": (lambda: archcost.explain("net.yaml"), f"Story('net', params={PARAMS}, macs={MACS})"),
    "explain, a layer": (
        lambda: archcost.explain("net.yaml", "conv2d"),
        f"Explanation('net', 'conv2d', params={PARAMS}, macs={MACS})",
    ),
    "explain, a variable": (
        lambda: archcost.explain("net.yaml", variable="k"),
        "VariableFormulas('net', variable='k', formulas=…",
    ),
    "fits": (lambda: archcost.fits("net.yaml", device="4090"), "Fits('net', 'rtx4090', fits=True)"),
    "fits, one": (
        lambda: archcost.fits("net.yaml", device="4090").devices[0],
        f"DeviceFit('net', 'rtx4090', fits=True, needed={RUN}, capacity=…",
    ),
    "fits, a table": (lambda: archcost.fits("net.yaml"), "Fits('net', devices=…"),
    "import_model": (lambda: archcost.import_model("net.json"), "Spec('net', path='net.json')"),
    "init": (lambda: archcost.init("new.yaml"), "Begun(spec='new.yaml', written=('new.yaml',), ci=False)"),
    "load": (lambda: archcost.load("net.yaml"), "Spec('net', path='net.yaml')"),
    "load, of the zoo": (lambda: archcost.load("nin"), "Spec('nin', path='zoo:nin')"),
    "memory": (lambda: archcost.memory("net.yaml"), f"Study('net', run_bytes={RUN}, peak_path='relu')"),
    "memory, training": (lambda: archcost.memory("net.yaml", training=True), "Study('net', training=True, run_bytes=…"),
    "microcontroller": (lambda: archcost.microcontroller("net.yaml"), "FusedStudy('net', sram_bytes=…"),
    "op_reference": (lambda: archcost.op_reference("relu"), "[OpReference('relu', family='Activation')]"),
    "page": (lambda: archcost.page("net.yaml", "net.yaml"), "Page('net', 'net')"),
    "predict": (
        lambda: archcost.predict("net.yaml", device="4090"),
        "Prediction('net', 'rtx4090', nanoseconds=…",
    ),
    "reconcile": (
        lambda: archcost.reconcile("net.yaml", tools=["fvcore", "thop"]),
        f"Reconciliation('net', macs={MACS}, tools=2, equal=…",
    ),
    "space": (
        lambda: archcost.space("mobilenet_v1", vary=WIDTHS),
        "DesignSpace('mobilenet_v1', settings=2, axes={'width': 2})",
    ),
    "space, tables": (
        lambda: archcost.space("mobilenet_v1", vary=WIDTHS).tables(),
        "DesignTables('mobilenet_v1', settings=2, entries=…",
    ),
    "space, a front": (
        lambda: archcost.space("mobilenet_v1", vary=WIDTHS).tables().front(min="macs", max="params"),
        "Designs('mobilenet_v1', designs=2)",
    ),
    "space, a sweep": (
        lambda: archcost.space("mobilenet_v1", vary=WIDTHS).sweep(),
        "Sweep('mobilenet_v1', settings=2)",
    ),
    "space, a page": (
        lambda: archcost.page(archcost.space("mobilenet_v1", vary=WIDTHS).sweep()),
        "SweepPage('mobilenet_v1', designs=2)",
    ),
    "suggest": (lambda: archcost.suggest("inception_naive"), "Suggestions('inception_naive', goal='macs', found=…"),
    "suggest, one": (lambda: archcost.suggest("inception_naive").found[0], "Suggestion('1', '1×1 reduction', '…"),
    "training_cost": (
        lambda: archcost.training_cost("net.yaml", device="a100", samples=10**9),
        "TrainingCost('net', 'a100-sxm-80gb', flops=…",
    ),
    "update_baseline": (
        lambda: archcost.update_baseline(["net.yaml"]),
        "Done('archcost.lock.json', written=True, refused=False, new=1, changed=0, gone=0)",
    ),
    "verify": (
        lambda: archcost.verify("net.yaml"),
        "Verification('net', ok=True, proved=True, layers=2, mismatches=0)",
    ),
    "zoo": (lambda: archcost.zoo("resnet18"), "[ZooModel('resnet18', params=11689512, macs=1814073344)]"),
    "zoo_check": (lambda: archcost.zoo_check(["nin"]), "ZooCheck(models=1, figures=…"),
}
PLAIN = {"build", "export", "schema", "validate", "zoo_copy", "calibrate"}  # modules, text and data; a Device


def test_every_public_function_is_among_them() -> None:
    functions = {name for name in archcost.__all__ if name.islower() and not name.startswith("_")}
    assert {name.partition(",")[0] for name in VALUES} | PLAIN == functions


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_told_in_a_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    (tmp_path / "net.json").write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    make, told = VALUES[name]
    value = make()
    line = repr(value)
    assert line.startswith(told.removesuffix("…")) if told.endswith("…") else line == told
    assert len(line) <= 100
    assert "\n" not in line
    if name != "space, a front":  # a sequence, which prints itself as a table
        assert str(value) == line
    printed = StringIO()
    Console(file=printed, width=200, color_system=None).print(value)
    assert printed.getvalue().count("\n") == 1 or name == "space, a front"


def test_names_of_others_stay_in_their_line() -> None:
    """As Python writes them: no line ends, and nothing moves a cursor."""
    from archcost.displays import in_line

    assert in_line(3, "a\nb\x1b[2J", size="\r") == r"int('a\nb\x1b[2J', size='\r')"


def test_what_is_unknown_is_said_beside_its_lower_bound(tmp_path: Path) -> None:
    spec = tmp_path / "part.yaml"
    custom = "{custom: {name: mystery, output: [$batch, 5], params: 7}}"
    spec.write_text(f"archcost: 1\nname: part\ninput: [4]\nlayers:\n  - linear: 3\n  - {custom}\n", encoding="utf-8")
    figures = "params=22, macs=12"  # 4·3 + 3 + 7, and 4·3
    assert repr(archcost.analyze(spec)) == f"Report('part', {figures}, unknown_macs=1)"
    assert repr(archcost.explain(spec)) == f"Story('part', {figures}, unknown_macs=1)"
    assert repr(archcost.compare(spec, spec)) == "Comparison('part', 'part', params=0, macs=0, unknown_macs=2)"
    assert repr(archcost.reconcile(spec)).endswith(", unknown_macs=1)")
