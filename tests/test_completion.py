"""What shells offer at the cursor: the candidates themselves, and bash's own function over them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from archcost import cli, model_zoo
from archcost.commands.candidates import Candidate, answer, candidates, split_line
from archcost.commands.completion import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

NET = "archcost: 1\ninput: [8]\nparams: {width: 1, depth: 2}\nlayers: [linear: {out_features: $width}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    (tmp_path / ".hidden.yaml").write_text("", encoding="utf-8")
    (tmp_path / "archcost.toml").write_text(
        '[models.classifier]\nsource = "nets:build"\n[models.other]\nsource = "timm:resnet18"\n', encoding="utf-8"
    )
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "small.json").write_text("{}", encoding="utf-8")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a net.yml").write_text("", encoding="utf-8")
    return tmp_path


def offered(*words: str) -> list[str]:
    *before, unfinished = words
    command = typer.main.get_command(cli.make_app(before))
    return [one.value for one in candidates(command, before, unfinished)]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("ana",), ["analyze"]),
        (("baseline", ""), ["update"]),
        (("analyze", "--so"), ["--sort"]),
        (("bench", "--no-l"), ["--no-layers"]),
        (("analyze", "--he"), ["--help"]),
        (("analyze", "resnet50", "--sort", "m"), ["macs"]),
        (("analyze", "--format=j"), ["--format=json"]),
        (("analyze", "resnet50", "--training", "--convention", "ptf"), ["ptflops", "ptflops-aten"]),
        (("analyze", "resnet5"), ["resnet50", "resnet50_v2", "resnet56"]),
        (("compare", "resnet50", "resnet15"), ["resnet152", "resnet152_v2"]),
        (("analyze", "n"), ["net.yaml"]),  # not notes.txt
        (("analyze", "models/"), ["models/a net.yml"]),
        (("analyze", "mod"), ["models/"]),
        (("analyze", "nowhere/"), []),
        (
            ("analyze", "torchvision:resnet1"),
            ["torchvision:resnet101", "torchvision:resnet152", "torchvision:resnet18"],
        ),
        (("import", "timm:convnext_tin"), ["timm:convnext_tiny", "timm:convnext_tiny_hnf"]),
        (("import", "transformers:con"), ["transformers:configs/"]),
        (("import", "transformers:configs/"), ["transformers:configs/small.json"]),
        (("import", "keras:res"), []),
        (("verify", "net.yaml", "--against", "torch"), ["torchvision:"]),
        (("verify", "net.yaml", "--against", "torchvision:alex"), ["torchvision:alexnet"]),
        (("check", "@"), ["@classifier", "@other"]),
        (("compare", "net.yaml", "@c"), ["@classifier"]),
        (("analyze", "net.yaml", "-o", "n"), ["net.yaml", "notes.txt"]),
        (("analyze", "net.yaml", "--output", "."), [".hidden.yaml"]),
        (("analyze", "net.yaml", "--set", ""), ["width=", "depth="]),
        (("analyze", "mobilenet_v1", "--set", "wi"), ["width="]),
        (("analyze", "mobilenet_v1", "--set", "width=0"), []),
        (("analyze", "nothing", "--set", "w"), []),
        (("sweep", "resnet18", "--vary", ""), ["resolution=", "depths=", "depths[*]=", "num_classes="]),
        (("sweep", "resnet18", "--metrics", "params,ma"), ["params,macs"]),
        (("analyze", "gpt2", "--input", ""), ["tokens="]),
        (("analyze", "nothing", "--input", ""), []),
        (("explain", "googlenet", "inception_3"), ["inception_3a", "inception_3b"]),
        (
            ("explain", "googlenet", "inception_3a."),
            [f"inception_3a.{name}" for name in ("1x1", "3x3", "5x5", "pool", "concat")],
        ),
        (("explain", "nothing", ""), []),
        (("analyze", "googlenet", "--relative-to", "inception_5"), ["inception_5a", "inception_5b"]),
        (("analyze", "net.yaml", "--columns", "flops,bytes_"), ["flops,bytes_read", "flops,bytes_written"]),
        (("analyze", "net.yaml", "--columns", "bytes_read,bytes_"), ["bytes_read,bytes_written"]),
        (("reconcile", "net.yaml", "--with", "torch,pt"), ["torch,ptflops", "torch,ptflops-aten"]),
        (("compare", "net.yaml", "net.yaml", "--set-b", "w"), ["width=", "width="]),
        (("schema", "ver"), ["verdict", "verification"]),
        (("zoo", "resnet5"), ["resnet50", "resnet50_v2", "resnet56"]),
        (("devices", "h100"), ["h100-pcie", "h100-sxm", "h100-nvl"]),
        (("fits", "net.yaml", "--device", "rtx409"), ["rtx4090"]),
        (("fits", "net.yaml", "--schedule", "m"), ["min-peak"]),
        (("ops", "conv_transpose"), ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("analyze", "net.yaml", "--batch", ""), []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.usefixtures("folder")
def test_what_is_offered(words: tuple[str, ...], values: list[str]) -> None:
    found = offered(*words)
    if words[-1] == "n":
        found = [value for value in found if value not in model_zoo.names()]
    assert found == values


def test_every_command_is_offered_with_what_it_does() -> None:
    found = candidates(typer.main.get_command(cli.make_app([])), [], "")
    assert {one.value for one in found} == set(cli.COMMANDS)
    assert Candidate("zoo", "List the models that come with archcost, or show one of them.") in found
    assert all(one.meaning for one in found)


@pytest.mark.parametrize(
    ("line", "words", "unfinished", "quoted"),
    [
        ("archcost ana", [], "ana", False),
        ("archcost analyze ", ["analyze"], "", False),
        ("archcost", [], "", False),
        ("archcost analyze --format=js", ["analyze"], "--format=js", False),
        ("archcost analyze 'a b' c", ["analyze", "a b"], "c", False),
        ('archcost analyze "a b', ["analyze"], "a b", True),
        ("archcost analyze 'it", ["analyze"], "it", True),
    ],
)
def test_a_line_is_split_as_a_shell_does(line: str, words: list[str], unfinished: str, quoted: bool) -> None:
    assert split_line(line) == (words, unfinished, quoted)


@pytest.mark.usefixtures("folder")
def test_bash_gets_what_stands_behind_its_own_breaks_with_blanks_escaped() -> None:
    command = typer.main.get_command(cli.make_app(["analyze"]))
    assert answer("bash", command, ["archcost analyze --format=js", "js"]) == "json\n"
    assert answer("bash", command, ["archcost analyze models/", "models/"]) == "models/a\\ net.yml\n"
    assert answer("zsh", command, ["analyze", "--so"]).startswith("--sort  List layers")


@pytest.mark.parametrize("shell", SCRIPTS)
def test_every_shell_has_a_script_that_it_can_read(shell: str, run: Callable[..., Run]) -> None:
    script = run("completion", shell)
    assert (script.code, script.out) == (0, SCRIPTS[shell])
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=script.out.encode(), check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "word", "replies"),
    [
        ("archcost mem", "mem", "memory"),
        ("archcost analyze resnet5", "resnet5", "resnet50|resnet50_v2|resnet56"),
        ("archcost analyze net.yaml --set wi", "wi", "width="),
        ("archcost analyze net.yaml --format=js", "js", "json"),
        ("archcost frobnicate ", "", ""),
    ],
)
def test_bash_completes_by_the_script(line: str, word: str, replies: str, folder: Path) -> None:
    (folder / "archcost").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m archcost "$@"\n', encoding="utf-8")
    (folder / "archcost").chmod(0o755)
    script = SCRIPTS["bash"] + f"COMP_LINE='{line}' COMP_POINT={len(line)}\n_archcost ./archcost '{word}' ''\n"
    script += "IFS='|'; printf '%s' \"${COMPREPLY[*]}\"\n"
    path = os.pathsep.join([str(Path(cli.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        ["bash", "--norc"],
        input=script,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        check=True,
    )
    assert done.stdout == replies


def test_models_are_offered_without_reading_one() -> None:
    """Names come from file names: neither graphs nor rich nor YAML are loaded."""
    code = (
        "import sys; sys.argv = ['archcost', 'analyze', 'resnet5']\n"
        "from archcost import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'yaml', 'rich', 'archcost.graph.unroll', 'archcost.analysis.report'} & set(sys.modules)))\n"
    )
    environment = {**os.environ, "ARCHCOST_COMPLETE": "fish"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    *found, loaded = done.stdout.splitlines()
    assert found == ["resnet50  zoo", "resnet50_v2  zoo", "resnet56  zoo"]
    assert loaded == "[]"
