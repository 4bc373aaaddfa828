"""What a source calls an input is understood by every command that takes shapes, whatever the spec calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from archcost.settings import InputShape
from archcost.spec.loader import loads
from tests.importers.onnx.models import model, node, weight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Run

NET = """
from torch import nn

class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.out = nn.Embedding(50, 8), nn.Linear(8, 3)

    def forward(self, words):
        return self.out(self.words(words))
"""
COMMANDS = (
    ("analyze", "{}"),
    ("validate", "{}"),
    ("explain", "{}"),
    ("memory", "{}"),
    ("compare", "{}", "{}"),
    ("check", "{}"),
    ("reconcile", "{}"),
    ("export", "{}", "-o", "-"),
)


@pytest.fixture
def folder(tmp_path: Path, run: Callable[..., Run]) -> Path:
    """A module, its spec, and an export whose input ``x`` has open sizes."""
    (tmp_path / "tagging.py").write_text(NET)
    conv = node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3])
    made = model([conv], {"x": ["n", 3, "h", "w"]}, {"y": ["n", 4, "a", "b"]}, [weight("w", 4, 3, 3, 3)])
    (tmp_path / "net.onnx").write_bytes(made.SerializeToString())
    told = run("import", "tagging:Tagger", "--input", "words=9:int64", "-o", "tagger.yaml", cwd=tmp_path)
    assert told.code == 0, told.err
    return tmp_path


NAMED = (
    ("tagging:Tagger", "words=7:int64"),
    ("tagging:Tagger", "given_words=7:int64"),
    ("tagger.yaml", "words=7"),
    ("tagger.yaml", "given_words=7"),
    ("net.onnx", "x=3x16x16"),
    ("net.onnx", "input=3x16x16"),
    ("net.onnx", "3x16x16"),
)


def _asked() -> Iterator[Any]:
    """Every command with every name; a third of the names is not long, another third for the next command."""
    for number, command in enumerate(COMMANDS):
        for place, (source, given) in enumerate(NAMED):
            marks = [pytest.mark.long] if (number + place) % 3 else []
            yield pytest.param(command, source, given, marks=marks, id=f"{command[0]}-{source}-{given}")


@pytest.mark.parametrize(("command", "source", "given"), list(_asked()))
def test_every_command_takes_the_names_of_the_source(
    command: tuple[str, ...], source: str, given: str, folder: Path, run: Callable[..., Run]
) -> None:
    told = run(*[word.format(source) for word in command], "--input", given, cwd=folder)
    assert told.code == 0, told.err


def test_a_source_is_verified_by_its_own_names(folder: Path, run: Callable[..., Run]) -> None:
    for source, given in (("tagging:Tagger", "words=7:int64"), ("net.onnx", "x=3x16x16")):
        told = run("verify", source, "--input", given, cwd=folder)
        assert told.code == 0, told.err
    told = run("verify", "tagger.yaml", "--against", "tagging:Tagger", "--input", "words=9:int64", cwd=folder)
    assert told.code == 0, told.err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x": InputShape((4,)), "given_x": InputShape((4,))}, "the input 'given_x' of a has two shapes"),
        ({"y": InputShape((4,))}, "a has no input 'y'"),
    ],
)
def test_other_names_are_no_names(given: dict[str, InputShape], words: str) -> None:
    from archcost import UsageError, analyze

    spec = loads("archcost: 1\nname: a\ninputs: {given_x: [3]}\nlayers: [relu]\n")
    with pytest.raises(UsageError, match=words):
        analyze(spec, inputs=given)
