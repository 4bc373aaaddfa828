"""What recording has to know of torch's functions: their names as rules call them, and which of them read values.

These sets are of names after :func:`name_of`. What none of them holds needs no word here: a function that gives no
tensor and writes none is bookkeeping, and a function that writes in place shows it by the tensor's version.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch._ops import OpOverload, OpOverloadPacket
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Of operators that Python calls otherwise than torch.
_OPERATORS = {"truediv": "div", "rtruediv": "rdiv", "radd": "add", "rmul": "mul", "mod": "remainder", "abs": "abs"}
_IN_PLACE_OPERATORS = {f"i{name}" for name in (*_OPERATORS, "add", "sub", "mul", "floordiv", "pow", "and", "or", "xor")}

# Asked at every turn, of no consequence: these are passed on before anything else is looked at.
QUIET = _names(
    """
    shape dtype device requires_grad is_meta is_cuda is_cpu is_mps is_xpu is_xla is_nested is_sparse is_quantized ndim
    dim size numel nelement stride storage_offset layout names grad_fn grad is_leaf itemsize nbytes element_size
    is_contiguous is_floating_point is_complex is_signed is_tensor is_storage get_device _version _base len ndimension
    is_same_size is_shared is_pinned is_conj is_neg is_sparse_csr is_mkldnn is_vulkan is_ipu is_maia is_mtia is_hpu
    retains_grad register_hook requires_grad_ retain_grad _backward_hooks _set_grad_enabled is_grad_enabled
    is_inference has_names data_ptr untyped_storage storage _is_view output_nr is_coalesced dim_order broadcast_shapes
    result_type can_cast promote_types hash repr str
    """
)

# They give numbers of Python, whose value is that of a tensor: what follows may depend on it. By Python's names, as
# `float` is also what casts.
_READERS = _names(
    """
    __bool__ __int__ __float__ __complex__ __index__ __contains__ __format__ __array__ item tolist numpy equal allclose
    is_nonzero
    """
)

# The shape of what they give depends on values. Masks as indices do so as well: see shadows.py.
VALUE_SHAPED = _names(
    """
    nonzero nonzero_static argwhere unique unique_consecutive masked_select bincount nms batched_nms _unique2
    """
)

# They take the shape and dtype of a tensor, and none of its numbers.
SHAPE_ONLY = _names(
    """
    zeros_like ones_like full_like empty_like rand_like randn_like randint_like new_zeros new_ones new_full new_empty
    new_tensor new_empty_strided
    """
)

# What they give is chance: nothing may be concluded from it.
RANDOM = _names(
    """
    rand randn randint randperm rand_like randn_like randint_like normal bernoulli multinomial poisson uniform random
    exponential geometric cauchy log_normal rrelu gumbel_softmax dropout dropout1d dropout2d dropout3d alpha_dropout
    feature_alpha_dropout feature_dropout trunc_normal kaiming_uniform kaiming_normal xavier_uniform xavier_normal
    orthogonal sparse
    """
)

# The libraries of operators that are known by their bare names.
_NAMESPACES = _names("aten prim prims torchvision")

# What they give is whatever the memory holds, until it is written; the true numbers are as good as 0.
EMPTY = _names("empty empty_like empty_strided new_empty new_empty_strided")


@cache
def name_of(function: Callable[..., Any]) -> str:
    """The name of a torch function as rules know it: ``add`` for ``__iadd__``, ``add_`` and ``aten.add.Tensor``.

    An operator of somebody else's has its own namespace before its name, as ``mine::add``. A property has its own name
    (``T``, ``data``), and the setting of one begins with ``set_``.
    """
    others = _namespace(function)
    if others not in _NAMESPACES:
        return f"{others}::{function.__name__.partition('.')[0]}"
    name: str = function.__name__
    if name in ("__get__", "__set__"):
        found: str = getattr(function, "__self__").__name__  # noqa: B009 - of a method wrapper, which types do not show
        return found if name == "__get__" else f"set_{found}"
    name = name.partition(".")[0].removeprefix("special_")  # an overload of an operator; a name in torch.special
    if name.startswith("__") and name.endswith("__"):
        bare = name[2:-2]
        bare = bare[1:] if bare in _IN_PLACE_OPERATORS else bare
        return _OPERATORS.get(bare, bare)
    return name.rstrip("_") or name


def _namespace(function: Callable[..., Any]) -> str:
    """The library that an operator is of; torch's for what is no operator."""
    if isinstance(function, OpOverload):
        return function.namespace
    if isinstance(function, OpOverloadPacket):
        qualified: str = function._qualified_op_name  # noqa: SLF001 - torch has no other name for it
        return qualified.partition("::")[0]
    return "aten"


@cache
def writes_by_name(function: Callable[..., Any]) -> bool:
    """Whether a function writes into its first argument by the rule of names: ``relu_``, ``__iadd__``."""
    name: str = function.__name__.partition(".")[0]
    return name == "__setitem__" or name.strip("_") in _IN_PLACE_OPERATORS or (name[-1] == "_" and name[-2:] != "__")


@cache
def spelling_of(function: Callable[..., Any]) -> str:
    """The name by which a program reaches a function of torch: ``torch.Tensor.softmax``; empty if there is none."""
    name: str = function.__name__
    for owner in (functional, torch.Tensor, torch):
        if getattr(owner, name, None) is function:
            return f"{'torch.Tensor' if owner is torch.Tensor else owner.__name__}.{name}"
    return ""


@cache
def reads(function: Callable[..., Any]) -> bool:
    """Whether a function gives Python the value of a tensor."""
    return function.__name__ in _READERS
