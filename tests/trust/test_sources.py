"""Sources that do what they should not: code that ends the process, configurations that ask too much, odd names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archcost as library
from scripts import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parent.parent.parent
HOSTILE = """import os, sys, atexit
from torch import nn

os.write(1, b"talks to descriptor 1\\n")
print("talks")


def ends():
    os._exit(0)


def exits():
    sys.exit(0)


def rewrites():
    atexit.register(os._exit, 0)
    return nn.Linear(4, 2)


def raises():
    raise ValueError("no such size")


class Unruly(nn.Module):
    def forward(self, x):
        os._exit(0)


def net():
    return nn.Linear(4, 2)
"""


def archcost(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "archcost", *words],
        capture_output=True, text=True, cwd=folder, env=environment, check=False, timeout=300,
    )  # fmt: skip


def run(words: Sequence[str], folder: Path) -> forked.Done:
    """The same, without the seconds of torch."""
    import_module("torch")
    return forked.run(words, folder, dict(os.environ))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hostile.py").write_text(HOSTILE)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ends", "ended the process before anything was judged: exit code 0"),
        ("exits", "hostile:exits cannot be made: SystemExit"),
        ("raises", "ValueError: no such size (hostile.py:"),
        ("Unruly", "ended the process before anything was judged: exit code 0"),
    ],
)
def test_no_model_ends_a_check_with_success(name: str, words: str, folder: Path) -> None:
    result = run(["check", f"hostile:{name}", "--input", "4"], folder)
    assert result.returncode == 2
    assert words in result.stderr
    assert "✓" not in result.stdout
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("start", [run, pytest.param(archcost, marks=pytest.mark.long)])
def test_a_model_changes_no_verdict_and_no_output(start: Callable[..., Any], folder: Path) -> None:
    """4·2 + 2 params are more than 9; what the module prints is not part of the JSON."""
    (folder / "archcost.toml").write_text("[[budgets]]\nparams = 9\n")
    result = start(["check", "hostile:rewrites", "--input", "4", "--format", "json"], folder)
    assert result.returncode == 1
    (spec,) = json.loads(result.stdout)["specs"]
    assert spec["path"] == "hostile:rewrites"
    assert "talks to descriptor 1" in result.stderr


def test_a_configuration_runs_nothing_on_its_own(folder: Path) -> None:
    (folder / "archcost.toml").write_text(
        'allow_import = true\n[models.net]\nsource = "hostile:ends"\ninput = "4"\nbudgets = {params = 9}\n'
    )
    for words in (["check"], ["check", "net"], ["baseline", "update"]):
        result = run(words, folder)
        assert result.returncode == 2
        assert "talks" not in result.stdout + result.stderr
    allowed = run(["check", "--allow-import"], folder)
    assert allowed.returncode == 2
    assert "ended the process before anything was judged" in allowed.stderr


def test_completion_runs_nothing(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ARCHCOST_COMPLETE": "zsh"}
    result = subprocess.run(
        [sys.executable, "-m", "archcost", "analyze", "hostile:ends", "--set", ""],
        capture_output=True, text=True, cwd=folder, env=environment, check=False,
    )  # fmt: skip
    assert "talks" not in result.stdout + result.stderr
    sources = subprocess.run(
        [sys.executable, "-m", "archcost", "import", "t"],
        capture_output=True, text=True, cwd=folder, env=environment, check=False,
    )  # fmt: skip
    assert [line.split()[0] for line in sources.stdout.splitlines()] == ["torchvision:", "timm:", "transformers:"]


def test_a_plain_analysis_loads_nothing_of_the_importers(folder: Path) -> None:
    code = (
        "import sys\nfrom archcost import cli\nsys.argv = ['archcost', 'analyze', 'conv1x1']\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name.startswith('archcost.importers') or name == 'torch'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert result.stdout.endswith("[]\n")


ODD = (
    "timm:../../etc/passwd", "timm:resnet18 ", "timm:hf_hub:user/model", "timm:" + "x" * 5000,
    "torchvision:__import__('os')", "torchvision:resnet18.forward", "transformers:/dev/zero",
    "transformers:" + "x" * 5000, "transformers:.", "transformers:/proc/self/environ", "hostile:__builtins__",
    "hostile:os.getcwd", "os:_exit", "a" * 5000 + ":b",
)  # fmt: skip


def test_odd_names_are_told(folder: Path) -> None:
    """The libraries, and what they are read by, are loaded once for all of them."""
    for name in ("torchvision", "timm", "transformers.models.auto", "archcost.importers.torch.libraries"):
        import_module(name)
    for source in ("timm:no", "transformers:no"):
        with pytest.raises(library.UsageError):
            library.load(source)
    wrong = [
        (source, done)
        for source in ODD
        if (done := run(["analyze", source, "--input", "4"], folder)).returncode != 2
        or done.stdout
        or "error: " not in done.stderr
        or "Traceback" in done.stderr
    ]
    assert wrong == []


@pytest.mark.long
@pytest.mark.parametrize("source", ["timm:../../etc/passwd", "transformers:/dev/zero"])
def test_odd_names_are_told_where_the_libraries_are_loaded_for_them(source: str, folder: Path) -> None:
    words = ["analyze", source, "--input", "4"]
    anew = archcost(words, folder)
    assert (anew.returncode, anew.stdout, anew.stderr) == run(words, folder)


@pytest.mark.parametrize("source", ["timm:\0", "transformers:\0"])
def test_names_that_no_command_line_holds_are_told(source: str) -> None:
    with pytest.raises(library.UsageError):
        library.load(source)


def test_a_configuration_with_very_many_layers_ends(folder: Path) -> None:
    """More layers than any model has are refused before they are made."""
    data = {"model_type": "bert", "hidden_size": 8, "num_attention_heads": 1, "num_hidden_layers": 10**9}
    (folder / "config.json").write_text(json.dumps(data))
    result = run(["analyze", "transformers:config.json"], folder)
    assert result.returncode == 2
    assert "num_hidden_layers" in result.stderr
