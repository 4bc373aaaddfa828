"""Sources to models: what makes the model that a source names, with random weights, anew for each run.

A library's model is made by the library; ``package.module:callable`` is code of the user's, which may do anything. Both
run as :class:`~archcost.importers.torch.foreign.Foreign`. Nothing is downloaded.
"""

from __future__ import annotations

import copy
import importlib
import os
import pkgutil
import sys
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import distributed, nn
from torch.nn.parameter import is_lazy

from archcost.errors import UsageError, suggestion
from archcost.importers.sources import FORM, PYTHON, RUN_FORM, ImportSource, parse_source
from archcost.importers.torch import libraries
from archcost.importers.torch.foreign import Foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.files import Files
    from archcost.importers.torch.samples import RunInputs

    Make = Callable[[], nn.Module]

_MAKER = "name a module, or a callable that makes one without arguments: `def net(): return Net(10)`"
_SPECS = "`archcost compare A B` compares two specs"
_UNCOMPILED = "name what makes the module before it is scripted or traced"


class Target(NamedTuple):
    """What a source names: ``make`` gives a new model at each call, on the device of the context where it can be.

    ``sample`` is what the library says that such a model takes; None where nobody says it.
    """

    title: str
    text: str  # the source
    make: Make
    sample: Callable[[nn.Module], RunInputs | None]
    versions: tuple[str, ...]  # of the libraries


def target_of(source: ImportSource, files: Files | None = None) -> Target:
    """The model of a source; UsageError if there is none, MissingExtraError without its library.

    ``files`` is the tree that a configuration which it names must be in, unless a person named it.
    """
    if source.library == PYTHON:
        recipe = libraries.Recipe(_callable(source), _nobody_says, ())
    else:
        recipe = libraries.LIBRARIES[source.library](source, files)
    versions = (*recipe.versions, libraries.TORCH)
    return Target(source.title, source.text, lambda: _made(recipe.build, source.text), recipe.sample, versions)


def live_target(module: nn.Module) -> Target:
    """A module that is there already: copies of it, without its numbers; the module stays as it is."""
    name = type(module).__name__
    with Foreign(name, "looked at"):
        if not isinstance(module, nn.Module):
            raise UsageError(f"'{name}' is neither a torch.nn.Module nor the text of a source", f"a source is {FORM}")
        _refuse_compiled(module, name)
    return Target(name, name, lambda: _made(lambda: _copied(module), name), _nobody_says, (libraries.TORCH,))


def named_target(text: str) -> Target:
    """The model of a source as ``--against`` takes it; raises as target_of."""
    source = parse_source(text)
    if source is None:
        raise UsageError(f"--against takes {RUN_FORM}, got '{text}'", _SPECS)
    return target_of(source)


def _nobody_says(model: nn.Module) -> None:
    """What a model takes that is not of a library."""
    del model


def _made(build: Callable[[], Any], text: str) -> nn.Module:
    """A model on the device of the context; what needs numbers to be made is made on the CPU, and moved."""
    device = torch.get_default_device()
    try:
        model = _built(build, text)
    except UsageError:
        if device.type != "meta":
            raise
        with torch.device("cpu"):  # it fails again, or it needed numbers
            model = _built(build, text)
    with Foreign(text, "looked at"):  # even to ask what it is may run code of its own
        if not isinstance(model, nn.Module):
            raise UsageError(
                f"{text} is not a torch.nn.Module, and makes none: it gives {type(model).__name__}", _MAKER
            )
        _refuse_compiled(model, text)
    with Foreign(text, f"moved to the {device.type} device"):
        return _moved(model, device)


def _built(build: Callable[[], Any], text: str) -> Any:
    """What somebody's code makes; a group of processes that it began when it was made before is ended first."""
    with Foreign(text, "made"):
        if _Groups.begun and distributed.is_initialized():
            distributed.destroy_process_group()
        before = distributed.is_available() and distributed.is_initialized()
        try:
            return build()
        finally:
            _Groups.begun = distributed.is_available() and distributed.is_initialized() and not before


class _Groups:
    """Whether the last model that was made has begun the group of processes that there is."""

    begun = False


def _moved(model: nn.Module, device: torch.device) -> nn.Module:
    """A model on a device; what has no numbers gets some."""
    here = {tensor.device.type for tensor in (*model.parameters(), *model.buffers()) if not is_lazy(tensor)}
    if here <= {device.type}:
        return model
    return model.to_empty(device=device) if "meta" in here else model.to(device)


def _refuse_compiled(model: nn.Module, text: str) -> None:
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise UsageError(f"{text} is compiled by torch.jit, and its layers are not seen", _UNCOMPILED)


def _copied(module: nn.Module) -> nn.Module:
    """A copy of a module that takes no memory on the meta device: its tensors are new there, shared ones once."""
    memo: dict[int, Any] = {}
    device = torch.get_default_device()
    with torch.no_grad():
        for parameter in module.parameters():
            if not is_lazy(parameter):
                memo[id(parameter)] = nn.Parameter(parameter.detach().to(device, copy=True), requires_grad=False)
        for each in module.modules():
            plain = [value for value in vars(each).values() if isinstance(value, torch.Tensor)]
            for tensor in (*each.buffers(recurse=False), *plain):
                memo.setdefault(id(tensor), tensor.detach().to(device, copy=True))
        return copy.deepcopy(module, memo)


def _callable(source: ImportSource) -> Callable[[], Any]:
    """The attribute of an importable module, the working directory and the source's own folder included."""
    target = source.name
    module_name, _, name = target.partition(":")
    with Foreign(target, "imported"):
        folders = _folders_of(source)
        sys.path[:0] = [folder for folder in folders if folder not in sys.path]
        try:
            found: Any = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name and f"{module_name}.".startswith(f"{error.name}."):
                raise UsageError(
                    f"there is no module '{error.name}'", _where_modules_are(error.name, folders)
                ) from None
            raise
    with Foreign(target, "looked up"):
        for part in name.split("."):
            if not hasattr(found, part):
                raise UsageError(f"'{module_name}' has no '{name}'", suggestion(part, _names(found), "names") or _MAKER)
            found = getattr(found, part)
        if isinstance(found, nn.Module):
            instance: nn.Module = found
            return lambda: _copied(instance)
        if not callable(found):
            raise UsageError(f"{target} is neither a module nor a callable that makes one", _MAKER)
        make: Callable[[], Any] = found
        missing = _missing(make)
    if missing:
        raise UsageError(f"{target} needs arguments: {missing}", _MAKER)
    return make


def _folders_of(source: ImportSource) -> list[str]:
    return list(dict.fromkeys([*([os.path.abspath(source.folder)] if source.folder else []), os.getcwd()]))


def _where_modules_are(name: str, folders: Sequence[str]) -> str:
    """What somebody may have meant by a module that there is not: one beside it, or one of another folder."""
    package, _, last = name.rpartition(".")
    within = getattr(sys.modules.get(package), "__path__", []) if package else folders
    beside = [each.name for each in pkgutil.iter_modules(within)]
    elsewhere = "run archcost in the folder from which Python imports it, or install its package"
    return suggestion(last, beside, f"modules of {package}" if package else "modules here") or elsewhere


def _names(found: object) -> list[str]:
    """What somebody may have meant: the attributes less Python's own, such as ``__file__``."""
    return [name for name in dir(found) if not (name.startswith("__") and name.endswith("__"))]


def _missing(make: Callable[[], Any]) -> str:
    """The arguments without which a callable cannot be called, as far as Python tells."""
    try:
        parameters = signature(make).parameters.values()
    except (TypeError, ValueError):  # written in C
        return ""
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return ", ".join(each.name for each in parameters if each.default is each.empty and each.kind not in variable)
