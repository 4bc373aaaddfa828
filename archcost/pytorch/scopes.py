"""Layers of a verification summed to their scopes: what either side counts, how long they take, what agrees.

Imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.paths import level, outer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.dims import Shape
    from archcost.pytorch.correspondence import Against, Pair
    from archcost.pytorch.verification import LayerCheck, Verification


class LayersChecked(NamedTuple):
    """A layer, or the layers below a scope, and what they come to.

    A counter's MACs are None where it leaves out any layer that has some; ``pairs`` are the counterparts of the layers
    with tensors in the model that the spec is compared with, None of those that have none.
    """

    path: str
    layers: Sequence[LayerCheck]
    fvcore: int | None
    torch: int | None
    pairs: dict[str, Pair | None]

    @property
    def output(self) -> tuple[Shape, ...]:
        """What the last of them gives."""
        return self.layers[-1].output

    @property
    def params(self) -> int:
        """The sum of archcost's counts."""
        return sum(layer.params for layer in self.layers)

    @property
    def macs(self) -> int:
        """The sum of archcost's counts."""
        return sum(layer.macs for layer in self.layers)

    @property
    def unknown(self) -> int:
        """How many layers have MACs that are not known."""
        return sum(layer.unknown_macs for layer in self.layers)

    @property
    def declared(self) -> int:
        """How many layers are only declared."""
        return sum(layer.declared for layer in self.layers)

    @property
    def ok(self) -> bool:
        """Whether nothing contradicts any of them."""
        agree = all(layer.ok or (layer.declared and not layer.mismatches) for layer in self.layers)
        return agree and all(pair is None or pair.ok for pair in self.pairs.values())

    @property
    def held(self) -> bool:
        """Whether every layer with tensors has a counterpart that proves it, where there is another model."""
        return all(pair is not None and pair.proved for pair in self.pairs.values())

    @property
    def seconds(self) -> float | None:
        """What the measured layers take; None where none is."""
        times = [layer.time.timing.median for layer in self.layers if layer.time is not None]
        return sum(times) if times else None

    @property
    def timed_macs(self) -> int:
        """The MACs of the layers that were measured: a rate is over these."""
        return timed_macs(self.layers)


def timed_macs(layers: Sequence[LayerCheck]) -> int:
    """The MACs of the layers that were measured."""
    return sum(layer.macs for layer in layers if layer.time is not None)


def folded(verification: Verification, depth: int) -> list[LayersChecked]:
    """The layers folded to their scopes, ``depth`` levels deep."""
    pairs = _pairs(verification.against)
    return [_checked(path, layers, pairs) for path, layers in _groups(verification.layers, depth).items()]


def nested(verification: Verification, depth: int | None = None) -> Iterator[tuple[int, LayersChecked]]:
    """Scopes and layers down to ``depth`` levels, each with its own level, from 1; a scope stands before its own."""
    pairs = _pairs(verification.against)

    def below(layers: Sequence[LayerCheck], deep: int) -> Iterator[tuple[int, LayersChecked]]:
        for path, inside in _groups(layers, deep).items():
            yield deep, _checked(path, inside, pairs)
            if depth is None or deep < depth:
                yield from below([layer for layer in inside if layer.path != path], deep + 1)

    yield from below(verification.layers, 1)


def depth_of(verification: Verification, most: int) -> int:
    """How deep the layers can be unfolded without more rows than that: the deepest level, at least 1."""
    deepest = max((level(layer.path) for layer in verification.layers), default=1)
    paths = [layer.path for layer in verification.layers]
    return next((d for d in range(deepest, 1, -1) if len({outer(path, d) for path in paths}) <= most), 1)


def _groups(layers: Sequence[LayerCheck], depth: int) -> dict[str, list[LayerCheck]]:
    groups: dict[str, list[LayerCheck]] = {}
    for layer in layers:
        groups.setdefault(outer(layer.path, depth), []).append(layer)
    return groups


def _pairs(against: Against | None) -> dict[str, Pair | None]:
    """The counterpart of every layer with tensors; None of those that are not aligned."""
    if against is None:
        return {}
    return {**{pair.path: pair for pair in against.pairs}, **dict.fromkeys(against.only_spec)}


def _checked(path: str, layers: Sequence[LayerCheck], pairs: dict[str, Pair | None]) -> LayersChecked:
    own = {layer.path: pairs[layer.path] for layer in layers if layer.path in pairs}
    fvcore, torch = (_counted(layers, name) for name in ("fvcore_macs", "torch_macs"))
    return LayersChecked(path, layers, fvcore, torch, own)


def _counted(layers: Sequence[LayerCheck], name: str) -> int | None:
    figures = [
        getattr(layer, name)
        for layer in layers
        if layer.macs or layer.declared or layer.unknown_macs or getattr(layer, name)
    ]
    return None if None in figures else sum(figures)
