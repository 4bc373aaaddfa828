"""Names in the source: of modules as ``archcost.build`` names them, of classes, parameters and variables."""

from __future__ import annotations

import builtins
import re
from keyword import iskeyword, issoftkeyword
from typing import TYPE_CHECKING

from archcost.paths import DOT, above, join, last, split

if TYPE_CHECKING:
    from collections.abc import Iterable

_MODULE_ATTRIBUTES = """
T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict module_path
modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook
register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
_add _apply _backward_hooks _backward_pre_hooks _buffers _call_impl _compiled_call_impl _forward_hooks
_forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks _forward_pre_hooks_with_kwargs
_get_backward_hooks _get_backward_pre_hooks _get_name _inputs _is_full_backward_hook _load_from_state_dict
_load_state_dict_post_hooks _load_state_dict_pre_hooks _maybe_warn_non_full_backward_hook _modules _named_members
_names _non_persistent_buffers_set _outputs _parameters _paths _register_load_state_dict_pre_hook
_register_state_dict_hook _replicate_for_data_parallel _reserved _save_to_state_dict _slow_forward _state_dict_hooks
_state_dict_pre_hooks _steps _taken _version _wrapped_call_impl
"""
# Those of every object and class, of modules, and of classes in newer versions of Python.
_SPECIAL_ATTRIBUTES = """
__annotations__ __call__ __class__ __delattr__ __dict__ __dir__ __doc__ __eq__ __firstlineno__ __format__ __ge__
__getattr__ __getattribute__ __getstate__ __gt__ __hash__ __init__ __init_subclass__ __le__ __lt__ __module__ __ne__
__new__ __reduce__ __reduce_ex__ __repr__ __setattr__ __setstate__ __sizeof__ __static_attributes__ __str__
__subclasshook__ __weakref__
"""
_CONTAINER_ATTRIBUTES = """
_get_abs_string_index _get_item_by_idx append clear extend insert items keys pop update values
__add__ __contains__ __delitem__ __getitem__ __iadd__ __imul__ __iter__ __len__ __mul__ __rmul__ __setitem__
"""
_USED_NAMES = "F I O OrderedDict batch i l nn self torch"
# What every torch module (and the network that archcost.build returns) has as an attribute: no submodule can have it.
MODULE_ATTRIBUTES = frozenset([*_MODULE_ATTRIBUTES.split(), *_SPECIAL_ATTRIBUTES.split()])
CONTAINER_ATTRIBUTES = frozenset(_CONTAINER_ATTRIBUTES.split())
_DIGITS = 9  # of the numbers behind names
USED_NAMES = frozenset(_USED_NAMES.split())  # by the source itself, or too much like numbers


def is_attribute(name: str) -> bool:
    """Whether ``self.name`` can be written: no ``5x5``, no keyword, nothing that Python would rename."""
    return name.isascii() and name.isidentifier() and not iskeyword(name) and not name.startswith("__")


class ModuleNames:
    """Paths of a spec to those of modules: ``/`` becomes an underscore, and a name that is taken gets one behind it."""

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}
        self._taken: set[str] = set()
        self._tried: dict[str, int] = {}  # underscores that are known to be too few

    def of(self, path: str) -> tuple[str, ...]:
        """The names that lead to the module of a path."""
        if path not in self._paths:
            scope = above(path)
            prefix = join(*self.of(scope)) + DOT if scope else ""
            self._paths[path] = self._free(prefix, last(path).replace("/", "_"))
        return tuple(split(self._paths[path]))

    def _free(self, prefix: str, wanted: str) -> str:
        """The wanted name with as few underscores behind it as make it free; it is taken from now on."""
        tries = self._tried.get(prefix + wanted, 0)
        while (name := wanted + "_" * tries) in MODULE_ATTRIBUTES or prefix + name in self._taken:
            tries += 1
        self._tried[prefix + wanted] = tries + 1
        self._taken.add(prefix + name)
        return prefix + name


def class_name(name: str) -> str:
    """``conv_bn_relu`` as a class: ConvBnRelu; digits stay apart, ``squeezenet1_0`` is Squeezenet1_0."""
    camel = ""
    for word in re.findall(r"[A-Za-z0-9]+", name):
        camel += "_" * (camel[-1:].isdigit() and word[0].isdigit()) + word[0].upper() + word[1:]
    if not camel or camel[0].isdigit():
        camel = "Block" + camel
    return camel + "Block" if camel in {"F", "None", "OrderedDict", "True", "False"} else camel


def variable_name(name: str, prefix: str = "x") -> str:
    """A name as a variable or parameter: what Python does not take is replaced, and words of its own get a ``_``."""
    name = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_") or prefix
    if name[0].isdigit():
        name = f"{prefix}_{name}"
    words = name in USED_NAMES or iskeyword(name) or issoftkeyword(name)
    return name + "_" if words or (hasattr(builtins, name) and name != "input") else name


class Taken:
    """Names in use; the first free form of another is found without a look at all of them."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = set(names)
        self._least: dict[str, int] = {}  # by name: the numbers below are known to be taken

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Take a name."""
        self._names.add(name)

    def discard(self, name: str) -> None:
        """Give a name back, for others to have."""
        self._names.discard(name)
        stem = name.rstrip("0123456789")
        for place in range(max(len(stem), len(name) - _DIGITS), len(name)):  # x12 is number 12 of x, and 2 of x1
            for base in {name[:place], name[:place].removesuffix("_")}:
                if base in self._least and int(name[place:]) < self._least[base]:
                    self._least[base] = int(name[place:])

    def free(self, name: str) -> str:
        """A name that is not taken: itself, or with the first number that is free."""
        if name not in self._names:
            return name
        number = self._least.get(name, 2)
        while f"{name}{number}" in self._names or f"{name}_{number}" in self._names:
            number += 1
        self._least[name] = number
        return f"{name}_{number}" if name[-1].isdigit() else f"{name}{number}"


def unused(name: str, taken: Iterable[str]) -> str:
    """A name that is not taken, as :meth:`Taken.free` finds it."""
    return Taken(taken).free(name)
