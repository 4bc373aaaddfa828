"""What one node does to memory in inference, by running its rule on a machine of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.closed_forms import FRESH, Profile
from archcost.analysis.memory.rules import rule
from archcost.analysis.memory.rules.call import Call
from archcost.analysis.memory.shadow_torch import Leaf, Machine, Tensor
from archcost.analysis.memory.strides import contiguous

if TYPE_CHECKING:
    from archcost.analysis.memory.strides import Ints
    from archcost.errors import Mark
    from archcost.graph.model import Signature
    from archcost.meter import Meter


def profile(
    signature: Signature,
    strides: tuple[Ints | None, ...],
    equal: tuple[int, ...],
    *,
    watched: bool = False,
    inplace: bool = False,
    meter: Meter | None = None,
    mark: Mark | None = None,
) -> Profile:
    """The profile of an op on inputs with these strides; ``equal[k]`` is the first input that is the same as input k.

    ``watched``: as PyTorch runs it while a dispatch mode looks on. ``inplace``: an activation in its input's storage.
    Raises WorkError at ``mark`` where that takes more than ``meter`` allows.
    """
    machine = Machine(watched=watched, meter=meter)
    machine.mark = mark
    inputs: list[Tensor] = []
    for place, tensor in enumerate(signature.inputs):
        if equal[place] < place:
            inputs.append(inputs[equal[place]])
        else:
            inputs.append(machine.outside(tensor.shape, tensor.dtype, strides[place]))
    call = Call(signature.op, inputs, signature.outputs, lambda: _learnt(machine, signature), inplace=inplace)
    results = rule(signature.op)(machine, call)
    return _profile(machine, inputs, results if isinstance(results, list) else [results])


def _learnt(machine: Machine, signature: Signature) -> dict[str, Tensor]:
    dtype = signature.outputs[0].dtype
    tensors = {}
    for name, shape in signature.weights().items():
        tensors[name] = machine.outside(shape, dtype)
        tensors[name].source = Leaf(shape)
    return tensors


def _profile(machine: Machine, inputs: list[Tensor], outputs: list[Tensor]) -> Profile:
    owners = {id(tensor.storage): place for place, tensor in enumerate(inputs)}
    sources: list[int] = []
    sizes: list[int] = []
    for tensor in outputs:
        storage = tensor.storage
        owner = owners.get(id(storage))
        if owner is None:
            owner = owners[id(storage)] = FRESH - len(sizes)
            sizes.append(storage.bytes)
        sources.append(owner)
    strides = tuple([None if tensor.strides == contiguous(tensor.shape) else tensor.strides for tensor in outputs])
    return Profile(machine.high, tuple(sources), tuple(sizes), strides)
