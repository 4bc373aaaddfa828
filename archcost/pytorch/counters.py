"""What PyTorch shows of a network: shapes and tensors by hooks, MACs by torch's own counter and by fvcore.

torch's counter runs on the meta device, which computes shapes and no numbers. fvcore traces with torch.jit, on a real
device or, under :func:`archcost.pytorch.tracing.traceable`, on the meta device as well.
"""

from __future__ import annotations

import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from archcost.ops import REGISTRY
from archcost.paths import join

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.dims import Shape

FVCORE_MACS = frozenset({"addmm", "bmm", "conv", "einsum", "linear", "matmul", "mm"})
NORMS = ("aten::batch_norm", "aten::group_norm", "aten::instance_norm", "aten::layer_norm")
# What fvcore has no handle for and no MACs are lost by: functions of ops without MACs, and what else modules call.
# Anything else that it does not know leaves the layer "not covered".
_CALLED = """
_upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d amax amin argsort bincount
broadcast_tensors clamp_min clone col2im expand_as feature_alpha_dropout feature_dropout floor_divide im2col index
index_add linalg_vector_norm linspace max_pool1d_with_indices max_pool2d_with_indices
max_pool3d_with_indices neg new_full triu unsafe_chunk upsample_bicubic2d upsample_linear1d
upsample_nearest1d upsample_nearest3d upsample_trilinear3d
"""
NO_MACS = frozenset(
    (*_CALLED.split(), *(kind for kind, op in REGISTRY.items() if not (op.work.multiplies or op.declared)))
)


@dataclass(slots=True)
class Observed:
    """What one module did in a run: the outputs' shapes and dtypes, the MACs, and operators that were not counted.

    ``macs`` is None where the counter met operators it does not know; ``second_macs`` is :func:`matrices_times_steps`.
    """

    shapes: tuple[Shape, ...] = ()
    input: Shape | None = None  # the first one's
    dtypes: tuple[str, ...] = ()
    ran: bool = False
    macs: int | None = None
    second_macs: int | None = None
    unknown: tuple[str, ...] = ()
    operators: dict[str, int] = field(default_factory=dict)


class RunError(Exception):
    """PyTorch refuses to run a module; ``index`` is its place, -1 where the network itself fails."""

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__(str(error))
        self.index = index


@contextmanager
def watched(modules: Sequence[nn.Module]) -> Iterator[list[Observed]]:
    """Hooks that fill one Seen for each module; a failing run raises RunError at the module that was entered last."""
    seen = [Observed() for _ in modules]
    current = -1

    def enter(index: int, *_: object) -> None:
        nonlocal current
        current = index

    def leave(index: int, module: nn.Module, inputs: Any, output: Any) -> None:
        tensors = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
        # Under a trace sizes are tensors; they are read as the numbers that they hold.
        seen[index].shapes = tuple([tuple([int(dim) for dim in tensor.shape]) for tensor in tensors])
        first = next((leaf for leaf in tree_leaves(inputs) if isinstance(leaf, Tensor)), None)
        seen[index].input = None if first is None else tuple([int(dim) for dim in first.shape])
        seen[index].dtypes = tuple([str(tensor.dtype).removeprefix("torch.") for tensor in tensors])
        seen[index].second_macs = matrices_times_steps(module, inputs)
        seen[index].ran = True

    handles = []
    for index, module in enumerate(modules):
        handles.append(module.register_forward_pre_hook(partial(enter, index)))
        handles.append(module.register_forward_hook(partial(leave, index)))
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield seen
    except (ArithmeticError, AssertionError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise RunError(current, error) from error
    finally:
        for handle in handles:
            handle.remove()


def count_by_torch(
    network: nn.Module, inputs: tuple[Tensor, ...], paths: Sequence[str], names: Sequence[str] = ()
) -> list[Observed]:
    """One run under torch.utils.flop_counter: what each of the submodules did, MACs being half of the FLOPs.

    The inputs are given by their ``names``, or else by their places.
    """
    mode = FlopCounterMode(display=False)
    with watched([network.get_submodule(path) for path in paths]) as seen, mode:
        if names:
            network(**dict(zip(names, inputs, strict=True)))
        else:
            network(*inputs)
    root = type(network).__name__
    flops = mode.get_flop_counts()
    for path, figures in zip(paths, seen, strict=True):
        operators = flops.get(join(root, path), {})
        figures.operators = {str(name): count for name, count in operators.items()}
        if figures.second_macs is None or operators:
            figures.macs = sum(operators.values()) // 2
    return seen


def count_by_fvcore(network: nn.Module, inputs: tuple[Tensor, ...], paths: Sequence[str]) -> list[Observed]:
    """One traced run under fvcore: what each of the submodules did; MACs are None where it met unknown operators.

    Only operators that multiply and accumulate are compared: what fvcore says of norms, pools and interpolation stays
    in ``cpu_operators``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import uses what torch deprecates
        from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(network, inputs).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    analysis.set_op_handle("aten::_convolution_mode", _convolution_mode)
    for norm in NORMS:
        analysis.set_op_handle(norm, partial(_norm, analysis._op_handles[norm], norm))  # noqa: SLF001 - no getter
    try:
        with watched([network.get_submodule(path) for path in paths]) as seen:
            counts = analysis.by_module_and_operator()
    except RunError as error:
        if all(figures.ran for figures in seen):  # the run is over: fvcore itself fails
            raise RunError(-1, error) from error
        raise
    for path, figures in zip(paths, seen, strict=True):
        figures.operators = {name: int(count) for name, count in counts[path].items()}
        figures.unknown = tuple(
            sorted(
                op
                for op in analysis.unsupported_ops(path)
                if op.removeprefix("aten::").removesuffix("_") not in NO_MACS
            )
        )
        if not figures.unknown:
            figures.macs = sum(count for name, count in figures.operators.items() if name in FVCORE_MACS)
    return seen


def _convolution_mode(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """The count of fvcore for a convolution with ``padding="same"``, a form of the operator without a handle."""
    from fvcore.nn.jit_handles import conv_flop_count, get_shape

    return Counter({"conv": conv_flop_count(get_shape(inputs[0]), get_shape(inputs[1]), get_shape(outputs[0]))})


def _norm(handle: Any, name: str, inputs: list[Any], outputs: list[Any]) -> Any:
    """The count of fvcore for a norm, and 0 for the ranks that it refuses: no MACs either way."""
    try:
        return handle(inputs, outputs)
    except AssertionError:
        return Counter({name.removeprefix("aten::"): 0})


def fill_with_zeros(network: nn.Module, device: str = "cpu") -> nn.Module:
    """The network with its tensors on a device, all zeros, shared ones still shared; counts depend on no value."""
    filled: dict[int, Tensor] = {}
    for module in network.modules():
        for name, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            new = filled.get(id(tensor))
            if new is None:
                (new,) = real_inputs((tensor,), device)
                if isinstance(tensor, nn.Parameter):
                    new = nn.Parameter(new, requires_grad=tensor.requires_grad)
                filled[id(tensor)] = new
            setattr(module, name, new)
    return network


def real_inputs(inputs: Sequence[Tensor], device: str = "cpu") -> tuple[Tensor, ...]:
    """Zeros on a device shaped as other tensors; floating ones as float32."""
    kinds = [torch.float32 if x.dtype.is_floating_point else x.dtype for x in inputs]
    return tuple([torch.zeros(x.shape, dtype=kind, device=device) for x, kind in zip(inputs, kinds, strict=True)])


def matrices_times_steps(module: nn.Module, inputs: tuple[Tensor, ...]) -> int | None:
    """The MACs of a recurrent module by a second path: elements of its real matrices × samples × time steps."""
    if not isinstance(module, nn.RNNBase):
        return None
    matrices = [tensor.numel() for name, tensor in module.named_parameters() if name.startswith("weight_")]
    return sum(matrices) * int(inputs[0].shape[0]) * int(inputs[0].shape[1])
