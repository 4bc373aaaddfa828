"""The shape of the package itself: imports without circles, one meaning for a name, modules and functions of a size."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from archcost.render.formats import FORMATS

PACKAGE = Path(__file__).parent.parent / "archcost"
MAX_MODULE, MAX_FUNCTION = 300, 60  # lines
LONG = "# long: "  # and the reason: before the first statement of a module or function that is longer

FLOORS = 6  # of archcost.exporting


def modules(package: Path) -> dict[str, ast.Module]:
    """Every module of a package, by its name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        found[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@cache
def ours() -> dict[str, ast.Module]:
    """The modules of archcost."""
    return modules(PACKAGE)


def is_for_annotations(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in {
        getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node.test)
    }


def imported(tree: ast.AST, *, annotations: bool = False) -> set[str]:
    """What a module names in its imports, those inside of functions too: modules, and names in them."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            found |= {f"{node.module}.{name.name}" for name in node.names}
        if isinstance(node, ast.If) and is_for_annotations(node) and not annotations:
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def graph(trees: dict[str, ast.Module], *, annotations: bool = False) -> dict[str, set[str]]:
    """By module: the modules of the package that it imports. A name in a module stands for the module."""
    edges = {}
    for module, tree in trees.items():
        named = imported(tree, annotations=annotations)
        targets = {name if name in trees else name.rpartition(".")[0] for name in named}
        edges[module] = {target for target in targets if target in trees and target != module}
    return edges


def reachable(edges: dict[str, set[str]], start: str) -> set[str]:
    """The modules that a module imports, and those that they import."""
    found: set[str] = set()
    waiting = [*edges[start]]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += edges[module]
    return found


def circles(edges: dict[str, set[str]]) -> set[str]:
    """The groups of modules that import one another, each as a line."""
    below = {module: reachable(edges, module) for module in edges}
    return {
        " ".join(sorted({module, *[other for other in others if module in below[other]]}))
        for module, others in below.items()
        if module in others
    }


# --- imports ----------------------------------------------------------------------------------------------------------


def test_no_modules_import_one_another() -> None:
    assert circles(graph(ours())) == set()


def test_the_export_has_no_circle_in_annotations_either() -> None:
    inner = {name: tree for name, tree in ours().items() if name.startswith("archcost.exporting.")}
    assert circles(graph(inner, annotations=True)) == set()


def test_the_export_has_few_floors() -> None:
    edges = graph({name: tree for name, tree in ours().items() if name.startswith("archcost.exporting.")})

    def floor(module: str) -> int:
        return 1 + max(map(floor, edges[module]), default=0)

    assert max(map(floor, edges)) == FLOORS


CASES = [
    ("import net.b", "import net.a", "net.a net.b"),
    ("from net import b", "from net.a import x", "net.a net.b"),
    ("def f():\n    from net.b import y", "import net.a", "net.a net.b"),  # in a function
    ("from net.b import y", "import net.c", "net.a net.b net.c"),  # over a third
    ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from net.b import y", "import net.a", ""),
    ("if typing.TYPE_CHECKING:\n    pass\nelse:\n    import net.b", "import net.a", "net.a net.b"),
    ("import net.b", "import os", ""),
]


@pytest.mark.parametrize(("first", "second", "circle"), CASES)
def test_circles_are_found(first: str, second: str, circle: str, tmp_path: Path) -> None:
    package = tmp_path / "net"
    package.mkdir()
    for name, text in (("__init__", ""), ("a", first), ("b", second), ("c", "from net.a import x")):
        (package / f"{name}.py").write_text(text)
    assert circles(graph(modules(package))) == ({circle} if circle else set())


# --- formats ----------------------------------------------------------------------------------------------------------


def test_every_format_has_a_printer_and_every_printer_a_format() -> None:
    files = {module.rpartition(".")[2] for module in ours() if module.startswith("archcost.render.printers.")}
    assert set(FORMATS.values()) == files


# --- names ------------------------------------------------------------------------------------------------------------


TORCHS = ("archcost.pytorch.builders.", "archcost.pytorch.layers.")


def public_classes() -> Counter[str]:
    """How many rooms have a public class of a name; an op and what builds it are called alike on purpose."""
    found = set()
    for module, tree in ours().items():
        room = "ops" if module.startswith(("archcost.ops.", *TORCHS)) else module
        found |= {(node.name, room) for node in tree.body if isinstance(node, ast.ClassDef)}
    return Counter(name for name, _ in found if not name.startswith("_"))


def test_no_public_class_name_stands_twice() -> None:
    assert {name for name, count in public_classes().items() if count > 1} == set()


# --- sizes ------------------------------------------------------------------------------------------------------------


def says_why(lines: list[str], start: int, body: list[ast.stmt]) -> bool:
    """Whether a reason stands in a line of its own between a start and the first statement that is no docstring."""
    first = next((node for node in body if not isinstance(node, ast.Expr)), body[-1])
    return any(line.strip().startswith(LONG) and line.strip() != LONG.strip() for line in lines[start : first.lineno])


def too_long(text: str, module: str) -> set[str]:
    """A module, and functions in it, that are longer than they may be without a reason."""
    lines, tree = text.splitlines(), ast.parse(text)
    found = {module} if len(lines) > MAX_MODULE and not says_why(lines, 0, tree.body) else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            is_long = node.end_lineno - node.lineno >= MAX_FUNCTION
            if is_long and not says_why(lines, node.lineno, node.body):
                found.add(f"{module}.{node.name}")
    return found


def test_nothing_is_too_long_without_a_reason() -> None:
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(["archcost", *path.relative_to(PACKAGE).with_suffix("").parts])
        found |= too_long(path.read_text(encoding="utf-8"), module)
    assert found == set()


def body(count: int) -> str:
    return "\n".join([f"    x = {number}" for number in range(count)])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1\n" * 300, set()),
        ("x = 1\n" * 301, {"m"}),
        ('"""A table."""\n\n# long: a row for each op\n\n' + "x = 1\n" * 301, set()),
        ('"""A table."""\n\n# long:\n\n' + "x = 1\n" * 301, {"m"}),
        ("x = 1\n" * 301 + "# long: too late\n", {"m"}),
        (f"def f():\n{body(59)}", set()),  # 60 lines with its head
        (f"def f():\n{body(60)}", {"m.f"}),
        (
            f"class A:\n    def g(self):\n        # long: one option a line\n{body(70).replace('    ', '        ')}",
            set(),
        ),
        (f'async def f():\n    """Says it."""\n    # long: it does\n{body(70)}', set()),
    ],
)
def test_length_is_measured(text: str, found: set[str]) -> None:
    assert too_long(text, "m") == found
