"""A spec of a stranger cannot run code, read files or attributes, or say anything through its errors."""

from __future__ import annotations

import builtins
import os
import socket
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from language import HEAD, report

import archcost
from archcost.errors import Mark, Source
from archcost.spec.expressions import Expression, ExpressionError
from archcost.spec.functions import FUNCTIONS
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from pathlib import Path

ATTACKS = [
    "().__class__",
    "().__class__.__bases__[0].__subclasses__()",
    "[].append",
    "'x'.join(['a'])",
    "'{0.__class__}'.format(1)",
    "'%s' % 1",
    "f'{1}'",
    "f'{open}'",
    "open('x')",
    "eval('1')",
    "exec('1')",
    "__import__('os').system('true')",
    "import os",
    "globals()",
    "getattr(1, 'real')",
    "breakpoint()",
    "print(1)",
    "input()",
    "compile('1', '', 'eval')",
    "len.__globals__",
    "(lambda: 1)()",
    "lambda x: x",
    "[x for x in [1]]",
    "{x for x in [1]}",
    "{x: x for x in [1]}",
    "sum(x for x in [1])",
    "(y := 1)",
    "(yield)",
    "(await x)",
    "*[1]",
    "max(*[1, 2])",
    "max(**{})",
    "max([1], key=len)",
    "max([1], default=open)",
    "sum([[1]], [])",
    "len",
    "[len][0]([1])",
    "max(min, abs)",
    "__builtins__",
    "self",
    "1 @ 2",
    "...",
    "b'x'",
    "1j",
    "{}",
    "{'a': 1}['a']",
    "(1,)[0]",
    "1 if open else 2",
    "not_a_name",
    "'\\x41' * 10 ** 9",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_expressions_refuse_all_that_is_not_arithmetic(attack: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(f"$({attack})", Mark(Source("spec.yaml", ""), 0, 0)).evaluate({"batch": 1})
    assert caught.value.diagnostic is not None


def test_functions_are_a_closed_set_and_none_takes_functions() -> None:
    assert sorted(FUNCTIONS) == sorted(
        [
            "min",
            "max",
            "abs",
            "round",
            "int",
            "float",
            "str",
            "ceil",
            "floor",
            "sqrt",
            "log2",
            "len",
            "index",
            "sum",
            "range",
            "make_divisible",
        ]
    )
    for name, function in FUNCTIONS.items():
        with pytest.raises((TypeError, ValueError)):
            function(print)
        with pytest.raises((TypeError, ValueError)):
            function("text") if name not in ("len", "str") else function(object())


TAGS = [
    "!!python/object/apply:os.system ['true']",
    "!!python/name:os.system",
    "!!python/object:archcost.spec.model.Spec {}",
    "!!binary aGk=",
    "!include secret.yaml",
    "!!set {a, b}",
]


@pytest.mark.parametrize("tag", TAGS)
def test_tags_are_refused(tag: str) -> None:
    with pytest.raises(archcost.SpecError, match=r"the tag .* is not supported"):
        loads(f"{HEAD}layers:\n  - {tag}\n")


def load_all_that_loads_lazily(folder: Path) -> None:
    """Analyse what is right and what is wrong: imports run code and open files, but are not what a spec reaches."""
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "unit.yaml").write_text("archcost: 1\nblocks:\n  unit: {layers: [relu]}\n")
    spec = folder / "spec.yaml"
    spec.write_text("archcost: 1\ninclude: [parts/unit.yaml]\ninput: [8]\nlayers: [unit]\n")
    archcost.analyze(spec)
    spec.write_text("archcost: 1\ninclude: [../parts/unit.yaml]\ninput: [8]\nlayers: [unit]\n")
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(spec)
    assert str(caught.value)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The files that are opened from here on; nothing is run."""
    load_all_that_loads_lazily(tmp_path / "before")
    seen: list[str] = []
    real_open = os.open

    def watching_open(file: Any, *arguments: Any, **named: Any) -> int:
        descriptor = real_open(file, *arguments, **named)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            seen.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        return descriptor

    def never(*arguments: Any, **named: Any) -> Any:
        raise AssertionError(f"a spec reached {arguments} {named}")

    monkeypatch.setattr(os, "open", watching_open)
    for module, name in (
        (os, "system"),
        (subprocess, "Popen"),
        (socket, "socket"),
        (builtins, "eval"),
        (builtins, "exec"),
    ):
        monkeypatch.setattr(module, name, never)
    return seen


def test_only_the_spec_and_its_includes_are_opened(tmp_path: Path, watched: list[str]) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "unit.yaml").write_text("archcost: 1\nblocks:\n  unit: {layers: [relu]}\n")
    spec = tmp_path / "spec.yaml"
    spec.write_text("archcost: 1\ninclude: [parts/unit.yaml]\ninput: [8]\nlayers: [unit]\n")
    watched.clear()
    archcost.analyze(spec)
    assert [os.path.relpath(path, tmp_path) for path in watched] == ["spec.yaml", "parts/unit.yaml"]


@pytest.mark.parametrize(
    "path", ["../secret.yaml", "parts/../../secret.yaml", "/etc/passwd", "~/.ssh/id_rsa", "link.yaml"]
)
def test_what_is_outside_of_the_folder_is_not_opened(path: str, tmp_path: Path, watched: list[str]) -> None:
    folder = tmp_path / "inside"
    (folder / "parts").mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text("archcost: 1\nblocks:\n  the_secret: {layers: [relu]}\n")
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    spec = folder / "spec.yaml"
    spec.write_text(f"archcost: 1\ninclude: ['{path}']\ninput: [8]\nlayers: [the_secrets]\n")
    watched.clear()
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(spec)
    assert [os.path.relpath(opened, folder) for opened in watched] == ["spec.yaml"]
    assert "the_secret'" not in str(caught.value)


def test_what_is_no_yaml_is_not_shown_beyond_the_line_at_fault(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("first: secret\n[second\nthird\n")
    spec = tmp_path / "spec.yaml"
    spec.write_text("archcost: 1\ninclude: [notes.txt]\ninput: [8]\nlayers: [relu]\n")
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(spec)
    assert "secret" not in str(caught.value)


def test_control_characters_do_not_reach_the_terminal() -> None:
    text = f'{HEAD}layers:\n  - "rel\\e[31mlu"\n  - {{id: "a\\a", relu: }}\n'
    with pytest.raises(archcost.SpecError) as caught:
        loads(text)
    assert all(char.isprintable() or char == "\n" for char in str(caught.value))


def test_a_name_with_braces_is_not_formatted() -> None:
    with pytest.raises(archcost.SpecError, match=r"unknown kind '\{0.__class__\}'"):
        report(f'{HEAD}layers: ["{{0.__class__}}"]')
