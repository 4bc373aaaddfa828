"""The scopes of a recording: one for each module call, and for each container that its path goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import ROOT, FormScope
from archcost.importers.step_names import label

if TYPE_CHECKING:
    from archcost.importers.torch.recorded import ModuleCall, Recording

_CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})


class ModuleScopes:
    """Makes scopes as they are needed: of a module call under that of the call around it, by torch's paths.

    A module that is called where its path does not lead goes by its last name. One that is called again has a scope of
    its own, ``name_1``.
    """

    def __init__(self, recording: Recording) -> None:
        self._modules = recording.modules
        self.made: list[FormScope] = [FormScope(-1, "", recording.modules[0].kind)]
        self._paths: list[str] = [recording.modules[0].path]  # by scope, of the module that it is
        self._of_call: dict[int, int] = {0: ROOT}
        self._named: dict[tuple[int, str], int] = {}
        self._called: set[int] = {ROOT}
        self._starts = _starts(recording)

    def of_call(self, call: int) -> int:
        """The scope of a module call."""
        found = self._of_call.get(call)
        if found is None:
            module = self._modules[call]
            parent = self.of_call(module.parent)
            *containers, name = _below(module.path, self._paths[parent]) or [module.path.rpartition(".")[2]]
            for container in containers:
                parent = self._container(parent, container)
            found = self._of_call[call] = self._call_scope(parent, name, module)
        return found

    def of_path(self, path: str, user: int) -> int:
        """The scope of the module at a path, near the module call that uses it."""
        scope = self.of_call(user)
        while scope != ROOT and path != self._paths[scope] and _below(path, self._paths[scope]) is None:
            scope = self.made[scope].parent
        for name in _below(path, self._paths[scope]) or ():
            scope = self._container(scope, name)
        return scope

    def before(self, scope: int, user: int) -> int | None:
        """The module call that a step in ``scope`` is to precede, so as not to stand among those of another scope.

        ``user`` is the module call of the step that reads it. None: the two stand in the same scope.
        """
        around = {scope, *self.above(scope)}
        inner, call = None, user
        while call and self.of_call(call) not in around:
            inner, call = call, self._modules[call].parent
        return inner

    def start(self, call: int) -> int:
        """The index of the first function call within a module call."""
        return self._starts[call]

    def above(self, scope: int) -> list[int]:
        """The scopes that hold a scope, the innermost first."""
        found = []
        while scope != ROOT:
            scope = self.made[scope].parent
            found.append(scope)
        return found

    def _call_scope(self, parent: int, name: str, module: ModuleCall) -> int:
        known = self._named.get((parent, name))
        if known is not None and known in self._called:
            number = 1
            while (parent, f"{name}_{number}") in self._named:
                number += 1
            name = f"{name}_{number}"
            known = None
        found = self._added(parent, name, module.path, module.kind) if known is None else known
        self._called.add(found)
        return found

    def _container(self, parent: int, name: str) -> int:
        known = self._named.get((parent, name))
        if known is not None:
            return known
        path = f"{self._paths[parent]}.{name}".removeprefix(".")
        kind = type(self._modules[0].module.get_submodule(path)).__name__
        return self._added(parent, name, path, kind)

    def _added(self, parent: int, name: str, path: str, kind: str) -> int:
        self.made.append(FormScope(parent, label(name), kind, kind in _CONTAINERS))
        self._paths.append(path)
        number = len(self.made) - 1
        self._named[parent, name] = number
        return number


def _below(path: str, above: str) -> list[str] | None:
    """The names that lead from one path to another below it; None if it is not below."""
    if not above:
        return path.split(".") if path else None
    return path[len(above) + 1 :].split(".") if path.startswith(f"{above}.") else None


def _starts(recording: Recording) -> dict[int, int]:
    """By module call, the index of the first function call within it."""
    found: dict[int, int] = {}
    for index, call in enumerate(recording.calls):
        module = call.module
        while module not in found:
            found[module] = index
            if not module:
                break
            module = recording.modules[module].parent
    return found
