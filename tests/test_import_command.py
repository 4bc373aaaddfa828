"""``archcost import``, and sources in place of specs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

NETS = """import torch
from torch import nn

WIDTH = 8


def build():
    return nn.Sequential(nn.Conv2d(3, WIDTH, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(WIDTH * 4 * 4, 5))


class Odd(nn.Module):
    def forward(self, x):
        return torch.special.bessel_j0(x)


class Pair(nn.Module):
    def forward(self, a, b):
        return a + b


class Chooses(nn.Module):
    def forward(self, x):
        return x[x > 0]
"""
PARAMS = 3 * 8 * 9 + 8 + 8 * 4 * 4 * 5 + 5
MACS = 4 * 4 * 3 * 8 * 9 + 8 * 4 * 4 * 5
ASKED = ("tiny_nets:build", "--input", "3x4x4")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of one's own, which is imported anew for each test."""
    (tmp_path / "tiny_nets.py").write_text(NETS)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "tiny_nets", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def widened(folder: Path) -> None:
    (folder / "tiny_nets.py").write_text(NETS.replace("WIDTH = 8", "WIDTH = 16"))
    del sys.modules["tiny_nets"]


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_model_is_written_under_its_name(run: Callable[..., Run], folder: Path) -> None:
    result = run("import", *ASKED, cwd=folder)
    text = (folder / "build.yaml").read_text()
    lines = text.count("\n")
    assert result == type(result)(
        0, f"build.yaml: {lines} lines; {PARAMS:,} params and {MACS:,} MACs, as in the model\n", ""
    )
    report = archcost.analyze(folder / "build.yaml")
    assert (report.totals.params, report.totals.macs) == (PARAMS, MACS)
    assert archcost.validate(folder / "build.yaml", strict=True) == ()
    assert text.startswith("archcost: 1\nname: build\nsource: tiny_nets:build (torch ")


def test_a_file_that_holds_something_else_stays(run: Callable[..., Run], folder: Path) -> None:
    assert run("import", *ASKED, cwd=folder).code == 0
    assert run("import", *ASKED, cwd=folder).code == 0  # the same text
    (folder / "build.yaml").write_text("mine")
    refused = run("import", *ASKED, cwd=folder)
    assert (refused.code, refused.out) == (2, "")
    assert "build.yaml is there already" in refused.err
    assert (folder / "build.yaml").read_text() == "mine"
    assert run("import", *ASKED, "-o", "build.yaml", cwd=folder).code == 0
    assert (folder / "build.yaml").read_text().startswith("archcost: 1")


def test_a_dash_prints_the_spec(run: Callable[..., Run], folder: Path) -> None:
    result = run("import", *ASKED, "-o", "-", cwd=folder)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("archcost: 1\nname: build\n")
    assert not (folder / "build.yaml").exists()


def test_what_has_no_op_is_an_error_under_strict_alone(run: Callable[..., Run], folder: Path) -> None:
    words = ("import", "tiny_nets:Odd", "--input", "3", "-o", "odd.yaml")
    assert run(*words, cwd=folder).code == 0
    assert "custom" in (folder / "odd.yaml").read_text()
    (folder / "odd.yaml").unlink()
    strict = run(*words, "--strict", cwd=folder)
    assert strict.code == 1
    assert "fail: 1 of 1 steps have no op in archcost" in strict.err
    assert (folder / "odd.yaml").exists()  # written before the exit
    check = ("import", "tiny_nets:Odd", "--check", "odd.yaml")
    assert run(*check, cwd=folder).code == 0
    assert run(*check, "--strict", cwd=folder).code == 1


def test_shapes_that_depend_on_the_input_are_refused(run: Callable[..., Run], folder: Path) -> None:
    result = run("import", "tiny_nets:Chooses", "--input", "3", cwd=folder)
    assert (result.code, result.out) == (2, "")
    assert "tiny_nets.py:" in result.err
    assert not list(folder.glob("*.yaml"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("resnet50",), "'resnet50' is no source of a model"),
        (("main:net.yaml",), "'main:net.yaml' is no source of a model"),
        (("no_such_net.onnx",), "cannot read no_such_net.onnx: there is no such file"),
        (("timm:",), "'timm:' names no model"),
        (("tiny_nets:build",), "does not know what tiny_nets:build takes"),
        (("tiny_nets:bild",), "did you mean 'build'"),
        (("tiny_nets.py:build",), "write a module as Python imports it: `tiny_nets:build`"),
        ((*ASKED, "--until", "4"), "4"),
        ((*ASKED[:2], "3x4x4:float31"), "--input has no dtype 'float31'"),
        ((*ASKED[:2], "3x5x5"), "tiny_nets:build"),
        (("./nets/tiny_nets.py:build",), "write a module as Python imports it: `nets.tiny_nets:build`"),
        (("tiny_net:build",), "there is no module 'tiny_net'\nhelp: did you mean 'tiny_nets'?"),
        (("torch.nnn:Linear",), "there is no module 'torch.nnn'\nhelp: did you mean 'nn'?"),
        (("no_such_package.nets:build",), "there is no module 'no_such_package'\nhelp: "),
        (("torchvision:nosuch",), "lists its "),
        (("timm:resnet5O",), "timm has no model 'resnet5O'\nhelp: did you mean 'resnet50'"),
        (("timm:nosuch",), 'help: `python -c "import timm; print(*timm.list_models())"` lists its '),
        (("tiny_nets:Pair",), "by name: `--input a=128 --input b=128` (it takes a, b)"),
        ((*ASKED, "--until", "none"), "has no module 'none'\nhelp: "),
        (("transformers:nowhere",), "cannot read nowhere: there is no such file\nhelp: name the config.json"),
        (("tiny_nets:Pair", "--input", "3"), "tiny_nets:Pair needs more: b\nhelp: name each input"),
        (("tiny_nets:Pair", "--input", "a=3"), "name each input: `--input a=3 --input b=128`"),
        ((*ASKED, "-o", "net.json"), "import writes a spec, which is YAML, got -o net.json"),
        ((*ASKED, "--check", "net.yaml", "-o", "a.yaml"), "--check writes nothing"),
    ],
)
def test_what_cannot_be_imported(words: tuple[str, ...], message: str, run: Callable[..., Run], folder: Path) -> None:
    result = run("import", *words, cwd=folder)
    assert (result.code, result.out) == (2, "")
    assert message in result.err.replace("\n  ", " ")
    assert not list(folder.glob("*.yaml"))


# --- a committed spec -------------------------------------------------------------------------------------------------


def test_a_committed_spec_is_held_against_the_model(run: Callable[..., Run], folder: Path) -> None:
    """The input is that of the spec; what people change in a text is no difference."""
    run("import", *ASKED, cwd=folder)
    check = ("import", "tiny_nets:build", "--check", "build.yaml")
    assert run(*check, cwd=folder) == type(run(*check, cwd=folder))(0, "tiny_nets:build gives build.yaml\n", "")
    text = (folder / "build.yaml").read_text()
    (folder / "build.yaml").write_text(
        text.replace("name: build", "name: mine").replace("layers:", "budgets: {params: 1 k}\nlayers:", 1)
    )
    assert run(*check, cwd=folder).code == 0
    widened(folder)
    found = run(*check, cwd=folder)
    assert found.code == 1
    assert f"{PARAMS:,}" in found.out
    assert f"{2 * (PARAMS - 5) + 5:,}" in found.out
    assert "tiny_nets:build does not give build.yaml any more" in found.err
    assert (folder / "build.yaml").read_text() != text


def test_a_wrong_committed_spec_is_told_at_its_place(run: Callable[..., Run], folder: Path) -> None:
    (folder / "net.yaml").write_text("archcost: 1\ninput: [3, 4, 4]\nlayers: [reluu]\n")
    result = run("import", "tiny_nets:build", "--check", "net.yaml", cwd=folder)
    assert result.code == 2
    assert "net.yaml:3:10" in result.err


# --- models of the configuration -------------------------------------------------------------------------------------


def test_any_command_takes_a_model_of_the_configuration(run: Callable[..., Run], folder: Path) -> None:
    """With the input that stands there, unless the command line has another."""
    (folder / "archcost.toml").write_text(
        'allow_import = true\n[models.alex]\nsource = "torchvision:alexnet"\ninput = "3x63x63"\n'
        '[models.own]\nsource = "tiny_nets:build"\ninput = "3x4x4"\n'
    )
    report = json.loads(run("analyze", "@alex", "--format", "json", cwd=folder).out)
    assert (report["spec"]["name"], report["inputs"][0]["shape"]) == ("alex", [1, 3, 63, 63])
    assert report["totals"]["params"] == 61_100_840
    asked = json.loads(run("analyze", "@alex", "--input", "3x224x224", "--format", "json", cwd=folder).out)
    assert asked["totals"]["macs"] == 714_188_480
    compared = run("compare", "@alex", "torchvision:alexnet", cwd=folder)
    assert compared.code == 0
    assert compared.out.startswith("alex → alexnet\n")
    unknown = run("analyze", "@alx", cwd=folder)
    assert (unknown.code, unknown.out) == (2, "")
    assert "the configuration has no model '@alx'\nhelp: did you mean '@alex'?" in unknown.err


def test_a_name_of_the_configuration_runs_no_code(run: Callable[..., Run], folder: Path) -> None:
    (folder / "archcost.toml").write_text(
        'allow_import = true\n[models.own]\nsource = "tiny_nets:build"\ninput = "3x4x4"\n'
    )
    refused = run("memory", "@own", cwd=folder)
    assert (refused.code, refused.out) == (2, "")
    assert "write `tiny_nets:build --input 3x4x4`" in refused.err
    assert "tiny_nets" not in sys.modules
    (folder / "@own").write_text("archcost: 1\nname: in_a_file\ninput: [4]\nlayers: [relu]\n")
    assert "in_a_file" in run("memory", "@own", cwd=folder).out


# --- in place of a spec -----------------------------------------------------------------------------------------------


def test_every_command_takes_a_source(run: Callable[..., Run], folder: Path) -> None:
    shape = ("--input", "3x4x4")
    report = json.loads(run("analyze", "tiny_nets:build", *shape, "--batch", "3", "--format", "json", cwd=folder).out)
    assert (report["spec"]["path"], report["totals"]["macs"], report["batch"]) == ("tiny_nets:build", 3 * MACS, 3)
    for words in (
        ["memory", "tiny_nets:build", *shape],
        ["explain", "tiny_nets:build", "0", *shape],
        ["explain", "tiny_nets:build", *shape],
        ["reconcile", "tiny_nets:build", *shape],
        ["validate", "tiny_nets:build", *shape],
        ["export", "tiny_nets:build", *shape],
        ["check", "tiny_nets:build", *shape],
        ["compare", "conv1x1", "tiny_nets:build"],
    ):
        result = run(*words, cwd=folder)
        assert result.code == (2 if words[0] == "compare" else 0), (words, result.err)  # its input is not said
    assert run("verify", "tiny_nets:build", *shape, "--against", "tiny_nets:build", cwd=folder).code == 0


def test_a_library_needs_no_torch_the_second_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = (
        "import sys, archcost\n"
        "spec = archcost.load('torchvision:alexnet')\n"
        "print(archcost.analyze(spec).totals.params, 'torch' in sys.modules)\n"
    )

    def fresh() -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert [fresh(), fresh()] == ["61100840 True\n", "61100840 False\n"]


def test_marks_are_of_the_text_under_the_name_of_the_source() -> None:
    spec = archcost.load("torchvision:alexnet")
    layer = archcost.analyze(spec).layers[0]
    assert str(layer.node.mark).startswith("torchvision:alexnet (as a spec):")
    assert layer.node.mark.source.text == spec.text
    assert spec.expect == {}


def test_what_is_no_module_is_told() -> None:
    with pytest.raises(archcost.UsageError, match=r"import_model\(model=…\) takes text or a Module, got 3"):
        archcost.import_model(3, "4")  # type: ignore[call-overload]


def test_inputs_have_dtypes(run: Callable[..., Run], folder: Path) -> None:
    """A spec has its own: the same may be said, and no other."""
    (folder / "net.yaml").write_text("archcost: 1\ninput: [4]\nlayers: [linear: 2]\n")
    assert run("analyze", "net.yaml", "--input", "8:float32", cwd=folder).code == 0
    wrong = run("analyze", "net.yaml", "--input", "8:int64", cwd=folder)
    assert wrong.code == 2
    assert "the input 'input' of net is float32, got int64" in wrong.err


def test_the_plugin_judges_modules(folder: Path, run: Callable[..., Run]) -> None:
    from archcost.pytest_plugin import import_and_analyze, over_limits

    report = import_and_analyze("torchvision:alexnet").report
    assert over_limits(report, {"params": "61.2 M", "macs": 714_188_480}) == []
    assert over_limits(report, {"params": "61 M", "macs": 714_188_479}) == [
        "alexnet: params are 61,100,840, and the limit is 61,000,000",
        "alexnet: macs are 714,188,480, and the limit is 714,188,479",
    ]
    with pytest.raises(archcost.UsageError, match="there is no metric 'parms'\nhelp: did you mean 'params'"):
        over_limits(report, {"parms": 1})
    with pytest.raises(archcost.UsageError, match="params='much'"):
        over_limits(report, {"params": "much"})
