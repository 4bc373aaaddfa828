"""Names and shapes that are nearly right are told what was meant, at the place where they stand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

NETS = """
import torch
from torch import nn

class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.chars, self.out = nn.Embedding(9, 4), nn.Embedding(9, 4), nn.Linear(4, 2)

    def forward(self, words, chars, mask=None):
        return self.out(self.words(words) + self.chars(chars))

class Table(nn.Module):
    def __init__(self):
        super().__init__()
        self.lookup = nn.Embedding(9, 4)

    def forward(self, a, b):
        return self.lookup(a) + b

def net():
    return nn.Linear(8, 4)
"""
CONFIG = """allow_import = true
[models.classifier]
source = "own.nets_of_mine:net"
input = "{}"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of networks, a folder of a model, and a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("own", "own.nets_of_mine"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").write_text("")
    (tmp_path / "own" / "nets_of_mine.py").write_text(NETS)
    (tmp_path / "llama").mkdir()
    (tmp_path / "llama" / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "archcost.toml").write_text(CONFIG.format(8))
    return tmp_path


CALLED = "a network of Python is named"
TOLD = [
    ("analyze own/nets_of_mine.py", "`own.nets_of_mine:NAME`, where NAME makes the network"),
    ("import own/nets_of_mine.py", "`own.nets_of_mine:NAME`, where NAME makes the network"),
    ("analyze own.nets_of_mine", f"{CALLED} `own.nets_of_mine:NAME`"),
    ("analyze own.nets_of_mine.net", f"{CALLED} `own.nets_of_mine:net`"),
    ("import own.nets_of_mine.net", f"{CALLED} `own.nets_of_mine:net`"),
    ("analyze own", f"{CALLED} `own:NAME`"),
    ("analyze llama", "name the file in it: llama/config.json"),
    ("import llama", "name the file in it: llama/config.json"),
    ("check clasifier", "did you mean 'classifier'?"),
    ("analyze llama/config.json --set context=4096", "known params: layers, width,"),
    ("analyze llama/config.json --set tokens=0", "set `tokens` so that it is 1 or more"),
    ("analyze resnet50 --set resolution=0", "set `resolution` so that it is 1 or more"),
    (
        "analyze own.nets_of_mine:Tagger",
        "`--input words=128:int64 --input chars=128:int64` (it takes words, chars, mask)",
    ),
    ("analyze own.nets_of_mine:Tagger --input words=8:int64", "`--input words=8:int64 --input chars=128:int64`"),
    ("analyze own.nets_of_mine:Tagger --input words=8 --input chars=8", "`--input ids=128:int64`"),
    ("analyze own.nets_of_mine:Table", "`--input a=128 --input b=128` (it takes a, b), and `:int64` behind those"),
    ("analyze torchvision:resnet18 --input 1x3x64x64", "leave the batch out: `--input 3x64x64`"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "told"), TOLD)
def test_the_help_says_what_was_meant(words: str, told: str, run: Callable[..., Run], folder: Path) -> None:
    if "torchvision" in words:
        pytest.importorskip("torchvision")
    result = run(*words.split(), cwd=folder)
    assert result.code == 2
    assert told in " ".join(result.err.split())


def test_other_names_are_told_as_ever(run: Callable[..., Run], folder: Path) -> None:
    assert "zoo" in run("analyze", "no.such.thing", cwd=folder).err
    assert run("analyze", "resnet50", cwd=folder).code == 0
    assert "there is no such file" in run("check", "net.yaml", cwd=folder).err


@pytest.mark.parametrize("given", ["7", "y=8", "8x8x7"])
def test_a_wrong_input_of_the_configuration_is_told_at_its_line(
    given: str, run: Callable[..., Run], folder: Path
) -> None:
    (folder / "archcost.toml").write_text(CONFIG.format(given))
    told = run("check", "--allow-import", cwd=folder)
    assert told.code == 2
    assert "--> archcost.toml:4:9" in told.err


def test_modules_are_found_from_the_folder_of_the_configuration(run: Callable[..., Run], folder: Path) -> None:
    """Wherever in the repository the command runs: 8·4 + 4 params."""
    inner = folder / "deep" / "inside"
    inner.mkdir(parents=True)
    (folder / "archcost.toml").write_text(CONFIG.format(8) + "budgets = {params = 36}\n")
    told = run("check", "--allow-import", cwd=inner)
    assert told.code == 0, told.err
    assert told.out.endswith("✓ 1 spec: 1 limit holds\n")


def test_an_import_makes_the_folder_that_it_writes_to(run: Callable[..., Run], folder: Path) -> None:
    told = run("import", "llama/config.json", "-o", "specs/models/llama.yaml", cwd=folder)
    assert told.code == 0, told.err
    assert (folder / "specs" / "models" / "llama.yaml").is_file()
    told = run("import", "llama/config.json", "-o", "archcost.toml/llama.yaml", cwd=folder)
    assert told.code == 2
    assert "cannot write archcost.toml/llama.yaml" in told.err


def test_two_specs_have_inputs_of_their_own(run: Callable[..., Run], folder: Path) -> None:
    """A linear layer of 8 → 4 for each of 3 rows, and of 5: 32 MACs a row."""
    (folder / "a.yaml").write_text("archcost: 1\nname: a\ninputs: {x: [1, 8]}\nlayers: [linear: 4]\n")
    (folder / "b.yaml").write_text("archcost: 1\nname: b\ninputs: {y: [1, 8]}\nlayers: [linear: 4]\n")
    told = run("compare", "a.yaml", "b.yaml", "--input-a", "x=3x8", "--input-b", "y=5x8", "--format", "csv", cwd=folder)
    assert told.code == 0, told.err
    assert "96" in told.out
    assert "160" in told.out
    told = run("compare", "a.yaml", "b.yaml", "--input", "y=5x8", "--format", "csv", cwd=folder)  # the one that has it
    assert (told.code, "160" in told.out) == (0, True), told.err
    assert "no input 'z'" in run("compare", "a.yaml", "b.yaml", "--input", "z=5x8", cwd=folder).err
    told = run("compare", "a.yaml", "b.yaml", "a.yaml", "--input-b", "y=5x8", cwd=folder)
    assert "--input-b is for two specs" in told.err
