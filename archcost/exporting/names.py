"""Names and values in the source: of modules as ``archcost.build`` names them, of classes, parameters and variables.

Values and expressions of a spec become Python text.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from keyword import iskeyword, issoftkeyword
from typing import TYPE_CHECKING, Any

from archcost.ops.fields import whole_number
from archcost.paths import DOT, above, join, last, split
from archcost.printable import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcost.spec.expressions import Expression

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


MAX_EXPRESSION = 40  # characters; a longer one would have to be broken over lines
_FUNCTIONS = frozenset({"abs", "int", "max", "min", "round"})  # the same in Python
_SYNTAX = (
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.Call,
    ast.And,
    ast.Or,
    ast.Not,
    ast.USub,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.FloorDiv,
    ast.Mod,
    ast.Eq,
    ast.NotEq,
    ast.Lt,
    ast.LtE,
    ast.Gt,
    ast.GtE,
)


@dataclass(frozen=True, repr=False)
class TorchDtype:
    """A dtype in source: ``torch.int64``."""

    name: str

    def __repr__(self) -> str:
        return f"torch.{self.name}"


def literal(value: Any) -> str:
    """A value as ``ruff format`` writes it."""
    if isinstance(value, str):
        text = visible(value.replace("\\", "\\\\").replace('"', '\\"'))
        return '"' + text.replace("##", "#\\x23") + '"'  # hosts of logs read `##[…]` in any line
    if isinstance(value, (list, tuple)):
        return "(" + ", ".join(map(literal, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


def type_text(values: Iterable[Any]) -> str:
    """The types of some values: ``int | tuple[int, int]``."""
    texts = list(dict.fromkeys([_type_of(value) for value in values]))
    texts.sort(key=lambda text: (text == "None", "tuple" in text))
    return " | ".join(text for text in texts if not (text == "int" and "float" in texts))


def _type_of(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, TorchDtype):
        return "torch.dtype"
    if isinstance(value, tuple):
        return f"tuple[{', '.join(map(_type_of, value)) or '()'}]"
    return type(value).__name__


def same(first: Any, second: Any) -> bool:
    """Whether two values are equal and of one type: 1, 1.0 and True differ."""
    return type(first) is type(second) and first == second


def plain(value: Any) -> Any:
    """A param's value as arguments have it: tuples for lists, one number for equal ones."""
    value = collapsed(value)
    return tuple(map(plain, value)) if isinstance(value, (list, tuple)) else value


def is_name(expression: Expression) -> bool:
    """Whether an expression is a name alone."""
    return isinstance(expression.tree, ast.Name)


def is_writable(expression: Expression) -> bool:
    """Whether an expression means the same in Python, and its values are numbers."""
    for node in ast.walk(expression.tree):
        if not isinstance(node, _SYNTAX):
            return False
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS):
            return False
        if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float)):
            return False
    return True


def written(expression: Expression, names: Mapping[str, str]) -> str:
    """An expression in Python, its names replaced by texts."""
    return ast.unparse(_Renamed(names).visit(ast.parse(expression.text[1:].strip(), mode="eval").body))


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.parse(self.names[node.id], mode="eval").body if node.id in self.names else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            chosen: ast.AST = self.visit(node.body if test.value else node.orelse)
            return chosen
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))


def is_atom(text: str) -> bool:
    """Whether text can stand beside an operator without brackets: a name or a number."""
    return text.replace(".", "").replace("_", "").isalnum()


def in_brackets(text: str) -> str:
    """Text that can stand beside an operator."""
    return text if is_atom(text) else f"({text})"


def collapsed(value: Any) -> Any:
    """One number for a list of equal ones."""
    if isinstance(value, (list, tuple)):
        value = tuple(value)
        if value and value[0] is not None and all(whole_number(item) == value[0] for item in value):
            return value[0]
    return value


def input_variables(names: Sequence[str]) -> list[str]:
    """The inputs of a class as variables: one that is only called ``input`` is x."""
    if list(names) == ["input"]:
        return ["x"]
    taken = Taken()
    found: list[str] = []
    for name in names:
        found.append(taken.free(variable_name(name)))
        taken.add(found[-1])
    return found
