"""The module paths of nodes, as the exporters of PyTorch leave them, and the scopes that they become.

The newer exporter notes the paths and classes of the modules around a node. The older one names nodes by the path,
``/layer1/layer1.0/conv1/Conv``, without classes: there a module goes by its attribute's name, one of several by that of
their container. Files of others have neither, and all their steps stand in one scope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import ROOT, FormScope
from archcost.importers.step_names import label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.importers.onnx.graph import OnnxNode

CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})
_OUTSIDE = "_empty_nn_module_stack"  # how the newer exporter begins the path of what it adds itself
_MAX_DEPTH = 32

Path = tuple[str, ...]


class NodeScopes:
    """Makes scopes in the order in which the steps come: one that is left and entered again is another, ``name_1``."""

    def __init__(self, nodes: Iterable[OnnxNode]) -> None:
        nodes = list(nodes)
        self._kinds = _kinds(nodes)
        self.are_known = any(path_of(node) for node in nodes)
        self.made: list[FormScope] = [FormScope(-1, "", self._kinds.get((), ""))]
        self._open: list[tuple[str, int]] = []  # the names and numbers of the scopes around the last step
        self._numbers: dict[tuple[int, str], int] = {}

    def enter(self, path: Path) -> int:
        """The scope of the next step."""
        kept = 0
        for (name, _), wanted in zip(self._open, path, strict=False):
            if name != wanted:
                break
            kept += 1
        del self._open[kept:]
        for depth in range(kept, len(path)):
            parent = self._open[-1][1] if self._open else ROOT
            self._open.append((path[depth], self._added(parent, path[: depth + 1])))
        return self._open[-1][1] if self._open else ROOT

    def _added(self, parent: int, path: Path) -> int:
        name = label(path[-1])
        number = self._numbers.get((parent, name), 0)
        self._numbers[parent, name] = number + 1
        kind = self._kinds.get(path) or (path[-2] if path[-1].isdecimal() and len(path) > 1 else path[-1])
        self.made.append(FormScope(parent, f"{name}_{number}" if number else name, kind, kind in CONTAINERS))
        return len(self.made) - 1


def path_of(node: OnnxNode) -> Path:
    """The path of the module that a node stands in; empty where nothing says it, and for the model itself."""
    if node.scopes:
        inner = node.scopes[-2] if len(node.scopes) > 1 else ""
        return () if inner.startswith(_OUTSIDE) else _split(inner)
    if not node.name.startswith("/"):
        return ()
    found: list[str] = []
    before = ""
    for part in node.name.split("/")[1:-1][:_MAX_DEPTH]:  # a child of a container is named with it: conv, conv.0
        below = part.removeprefix(f"{before}.") if before and part.startswith(f"{before}.") else part
        found += _split(below)
        before = part
    return tuple(found[:_MAX_DEPTH])


def owner_of(tensor: str, path: Path) -> Path | None:
    """The path of the module that a tensor is of by its name, ``layer1.0.conv1.weight``; None if it says none.

    It must be the module of the node at ``path``, one in it, or one beside it: where a norm is folded into a
    convolution, the exporter says that of the norm.
    """
    names = tensor.split(".")[:_MAX_DEPTH]
    if not all(name.isidentifier() or name.isdecimal() for name in names) or names[-1].isdecimal():
        return None
    owner = tuple(names[:-1])
    if not owner:
        return None
    return owner if owner[: len(path)] == path or owner[:-1] == path[:-1] else None


def _split(text: str) -> Path:
    return tuple(text.split(".")[:_MAX_DEPTH]) if text else ()


def _kinds(nodes: Iterable[OnnxNode]) -> dict[Path, str]:
    """The classes of modules by path. What has none but numbered parts is a container."""
    found: dict[Path, str] = {}
    seen: dict[Path, None] = {}
    for node in nodes:
        for scope, kind in zip(node.scopes[:-1], node.classes[:-1], strict=False):
            if not scope.startswith(_OUTSIDE):
                found.setdefault(_split(scope), kind.rpartition(".")[2])
        seen[path_of(node)] = None
    for path in seen:
        for depth in range(1, len(path)):
            if path[depth].isdecimal():
                found.setdefault(path[:depth], "ModuleList")
    return found
