"""What the layers of a walk cost: sums of tables, which designs are invalid, and what each of them read."""

# long: an account, how it is added up, and how parts of it are joined are one thing

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.costs import Costs, signature_costs
from archcost.analysis.memory.closed_forms import plain_profile
from archcost.analysis.memory.node_profile import profile
from archcost.analysis.memory.strides import contiguous
from archcost.graph.model import Signature, TensorType, new
from archcost.sweeping.alongs import CoupledError, ForkError, parts_of
from archcost.sweeping.fusing import members_read, read_by_fork
from archcost.sweeping.groups import Joined
from archcost.sweeping.joining import joined, restricted
from archcost.sweeping.operators import mapped, tables_in
from archcost.sweeping.space import LAYERS
from archcost.sweeping.varying import VaryingTable, forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcost.graph.model import Graph
    from archcost.sweeping.alongs import Along
    from archcost.sweeping.groups import WalkedLayer

SCOPES = "scopes"
_FIELDS = tuple(Costs._fields)
Axes = tuple["Along", ...]
Reading = tuple[int, int]


class Account:
    """Sums of tables by figure and by the axes that they have; what must be true of valid designs; what was read.

    ``read`` has for each axis that something reads by which designs it is read: by all (True), or a table. An axis is
    the number of that of the walk, and its place among those that are walked as this one.
    """

    __slots__ = ("read", "sums", "valid")

    def __init__(self) -> None:
        self.sums: dict[str, dict[Axes, Any]] = {}
        self.valid: list[Any] = []
        self.read: dict[Reading, Any] = {}

    def add(self, name: str, value: Any) -> None:
        """Add a number or a table to a figure."""
        if type(value) is not VaryingTable:
            if not value:
                return
            axes: Axes = ()
        else:
            axes = value.axes
        own = self.sums.setdefault(name, {})
        own[axes] = own[axes] + value if axes in own else value

    def note(self, axes: Iterable[Reading]) -> None:
        """These axes are read by all designs."""
        self.read.update(dict.fromkeys(axes, True))

    def include(self, other: Account, times: int = 1) -> None:
        """Add all of another account, several times."""
        for name, sums in other.sums.items():
            for value in sums.values():
                self.add(name, value * times)
        self.valid += [each for each in other.valid if not any(each is known for known in self.valid)]
        for axis, by in other.read.items():
            self._note_by(axis, by)

    def note_fork(self, along: Along, parts: Sequence[Along]) -> None:
        """Designs read what parts them."""
        if all(self.read.get((along.axis, member)) is True for member in range(len(along.shape))):
            return
        for member, by in read_by_fork(along, parts):
            self._note_by((along.axis, member), by)

    def _note_by(self, axis: Reading, by: Any) -> None:
        known = self.read.get(axis, False)
        self.read[axis] = known if known is True or known is by else by | known


def joined_accounts(along: Along, parts: Sequence[tuple[Along, Account | None]]) -> Account:
    """The account of parts of an axis side by side; None stands for designs that are invalid."""
    found = Account()
    alive = [(own, account) for own, account in parts if account is not None]
    for name in dict.fromkeys([name for _, account in alive for name in account.sums]):
        by_part = []
        keys: dict[tuple[int, ...], None] = {}
        for own, account in alive:
            terms: dict[tuple[int, ...], Any] = {}
            for value in account.sums.get(name, {}).values():
                others = (
                    tuple([each.axis for each in value.axes if each is not own]) if type(value) is VaryingTable else ()
                )
                terms[others] = terms[others] + value if others in terms else value
                keys[others] = None
            by_part.append((own, terms))
        for key in keys:
            found.add(name, joined(along, [(own, terms.get(key, 0)) for own, terms in by_part]))
    most = max([len(account.valid) for _, account in alive], default=0)
    for place in range(most):
        found.valid.append(
            joined(along, [(own, each.valid[place] if place < len(each.valid) else True) for own, each in alive])
        )
    if len(alive) < len(parts):
        found.valid.append(joined(along, [(own, account is not None) for own, account in parts]))
    found.valid = [each for each in found.valid if each is not True]
    for axis in dict.fromkeys([axis for _, account in alive for axis in account.read]):
        found.read[axis] = joined(along, [(own, account.read.get(axis, False)) for own, account in alive])
    found.note_fork(along, [own for own, _ in parts])
    return found


class _Flow(NamedTuple):
    """A value as its readers see it: how its elements lie (None: one after the other), and what tells it from others.

    Values are the same where their tokens are: numbers, or tables of them.
    """

    strides: tuple[Any, ...] | None
    token: Any


class Accountant:
    """Adds up the layers of a walk."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._costs: dict[Any, Costs] = {}
        self._made: dict[Any, tuple[Any, tuple[Any, ...]]] = {}
        self._axes: dict[int, frozenset[Reading]] = {}
        self._joined: dict[Any, tuple[Account, list[tuple[Any, Any]]]] = {}
        self._readings: dict[int, tuple[Reading, ...]] = {}
        self._kept: list[Any] = []  # what the keys above are the ids of
        self._own: dict[tuple[int, Along], Signature] = {}
        self._tokens = 0

    def of_layers(self, layers: Sequence[WalkedLayer], inputs: Sequence[_Flow]) -> tuple[Account, list[_Flow]]:
        """The account of layers in order, and how the values flow that they make."""
        account = Account()
        counted: dict[Any, list[Any]] = {}
        flows: list[_Flow] = []
        for signature, reads, shared in layers:
            given = [flows[value] if value >= 0 else inputs[-1 - value] for value in reads]
            if isinstance(signature, Joined):
                part, outputs = self._of_joined(signature, given)
                key: Any = (id(part), part)
                counted.setdefault(id(part), [part, 0, None])[1] += 1
                flows += outputs
                continue
            made, strides = self._bytes(signature, given)
            key = (id(signature), shared, made)
            counted.setdefault(key, [signature, 0, made])[1] += 1
            flows += [_Flow(own, self._fresh()) for own in strides]
        for key, (what, times, made) in counted.items():
            if isinstance(what, Account):
                account.include(what, times)
                continue
            for name, value in zip(_FIELDS, self._costs_of(what, key[1]), strict=True):
                account.add(name, value * times)
            account.add("activation_bytes", made * times)
            account.add(LAYERS, times)
            account.note(self._axes_of(what))
        return account, flows

    def fresh_inputs(self, count: int) -> list[_Flow]:
        """The inputs of a model: contiguous, and all different."""
        return [_Flow(None, self._fresh()) for _ in range(count)]

    def _fresh(self) -> int:
        self._tokens += 1
        return self._tokens

    # --- a layer ----------------------------------------------------------------------------------------------------

    def _costs_of(self, signature: Signature, shared: frozenset[str]) -> Costs:
        key = (id(signature), shared)
        found = self._costs.get(key)
        if found is None:
            found = self._costs[key] = piecewise(
                lambda own: tuple(signature_costs(self.graph, own, shared, 0)), signature, self.restricted_signature
            )
            self._kept.append(signature)
        return found

    def _axes_of(self, signature: Signature) -> frozenset[Reading]:
        found = self._axes.get(id(signature))
        if found is None:
            found = frozenset([one for table in tables_of(signature) for one in self.read_by(table)])
            self._axes[id(signature)] = found
            self._kept.append(signature)
        return found

    def read_by(self, table: VaryingTable) -> tuple[Reading, ...]:
        """The axes that whoever reads a table reads."""
        found = self._readings.get(id(table))
        if found is None:
            found = tuple([(along.axis, member) for along in table.axes for member in members_read(table, along)])
            self._readings[id(table)] = found
            self._kept.append(table)
        return found

    def _bytes(self, signature: Signature, given: Sequence[_Flow]) -> tuple[Any, tuple[Any, ...]]:
        """The bytes that a layer makes, and the strides of its outputs."""
        strides = tuple([flow.strides for flow in given])
        equal: Any = None
        if len(given) > 1:
            tokens = tuple([flow.token for flow in given])
            try:
                equal = _places(tokens)
            except ForkError:
                equal = tokens
            else:
                equal = None if equal == tuple(range(len(tokens))) else equal
        key = (id(signature), strides, equal)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._run(signature, strides, equal)
            self._kept.append(signature)
        return found

    def _run(self, signature: Signature, strides: tuple[Any, ...], equal: Any) -> tuple[Any, tuple[Any, ...]]:
        def of(given: tuple[Any, ...]) -> Any:
            own, places, tokens = given
            places = tuple(
                [_none_if_contiguous(one, tensor.shape) for one, tensor in zip(places, own.inputs, strict=True)]
            )
            plain = tokens is None and all(one is None for one in places)
            found = plain_profile(own) if plain else None
            if found is None:
                alike = tuple(range(len(places))) if tokens is None else _places(tokens)
                found = profile(own, places, alike)
            lies = [
                contiguous(tensor.shape) if one is None else one
                for one, tensor in zip(found.strides, own.outputs, strict=True)
            ]
            return sum(found.sizes), tuple(lies)

        def restrict(given: tuple[Any, ...], along: Along) -> tuple[Any, ...]:
            own, *others = given
            return (self.restricted_signature(own, along), *restricted(tuple(others), along))

        made, lies = piecewise(of, (signature, strides, equal), restrict)
        return made, tuple([_alike(one, tensor.shape) for one, tensor in zip(lies, signature.outputs, strict=True)])

    def restricted_signature(self, signature: Signature, along: Along) -> Signature:
        """A layer for the designs at some indices alone."""
        key = (id(signature), along)
        found = self._own.get(key)
        if found is None:
            op = object.__new__(type(signature.op))
            op.__dict__.update({name: restricted(value, along) for name, value in signature.op.__dict__.items()})
            found = object.__new__(Signature)
            found.op, found.frozen, found.check = op, signature.frozen, signature.check
            found.inputs = _restricted_types(signature.inputs, along)
            found.outputs = _restricted_types(signature.outputs, along)
            found.input_shapes = restricted(signature.input_shapes, along)
            found.output_shapes = restricted(signature.output_shapes, along)
            self._own[key] = found
            self._kept.append(signature)
        return found

    # --- several groups ---------------------------------------------------------------------------------------------

    def _of_joined(self, signature: Joined, given: Sequence[_Flow]) -> tuple[Account, list[_Flow]]:
        """The account of the groups of a joined node, and how its outputs flow."""
        strides = tuple([flow.strides for flow in given])
        tokens = tuple([flow.token for flow in given])
        inside = tokens
        if all(type(token) is int for token in tokens):  # the same account serves wherever the same ones are equal
            numbers: dict[int, int] = {}
            inside = tuple([numbers.setdefault(token, -1 - len(numbers)) for token in tokens])
        key = (id(signature), strides, inside)
        found = self._joined.get(key)
        if found is None:
            found = self._joined[key] = self._joined_account(signature, strides, inside)
            self._kept.append(signature)
        account, outputs = found
        outside = _outside(inside, tokens)

        def told(token: int) -> int:
            if token not in outside:
                outside[token] = self._fresh()
            return outside[token]

        return account, [
            _Flow(lie, mapped(told, token) if type(token) is VaryingTable else told(token)) for lie, token in outputs
        ]

    def _joined_account(
        self, signature: Joined, strides: tuple[Any, ...], tokens: tuple[Any, ...]
    ) -> tuple[Account, list[tuple[Any, Any]]]:
        accounts: list[tuple[Along, Account | None]] = []
        lies: list[list[tuple[Along, Any]]] = [[] for _ in signature.outputs]
        names: list[list[tuple[Along, Any]]] = [[] for _ in signature.outputs]
        for along, layers, outputs, failed, scopes in signature.parts:
            if failed:
                accounts.append((along, None))
                continue
            inputs = [_Flow(*restricted(pair, along)) for pair in zip(strides, tokens, strict=True)]
            account, flows = self.of_layers(layers, inputs)
            account.add(SCOPES, scopes)
            accounts.append((along, account))
            for place, value in enumerate(outputs):
                flow = flows[value] if value >= 0 else inputs[-1 - value]
                shape = restricted(signature.outputs[place].shape, along)
                lies[place].append((along, contiguous(shape) if flow.strides is None else flow.strides))
                names[place].append((along, flow.token))
        found = []
        for place, parts in enumerate(lies):
            lie = _joined_tree(signature.along, parts)
            token = joined(signature.along, names[place])
            found.append((_alike(lie, signature.outputs[place].shape), token))
        return joined_accounts(signature.along, accounts), found


def _outside(inside: tuple[Any, ...], tokens: tuple[Any, ...]) -> dict[int, int]:
    """What the tokens within an account are outside of it, as far as they come from there."""
    found: dict[int, int] = {}
    for own, token in zip(inside, tokens, strict=True):
        if type(token) is VaryingTable:
            found |= {entry: entry for entry in token.array.ravel().tolist()}
        else:
            found[own] = token
    return found


def piecewise(function: Callable[[Any], Any], value: Any, restrict: Callable[[Any, Along], Any]) -> Any:
    """A function of a layer; where it decides by what designs differ in, for each group, and joined again."""
    try:
        return function(value)
    except CoupledError:
        raise
    except ForkError as error:
        fork = error
    except (TypeError, ValueError, AttributeError):
        table = next(iter(tables_of(value)), None)
        if table is None:
            raise
        fork = forked(table)  # it was written for plain numbers, which each design has
    alongs = [own for table in tables_of(value) for own in table.axes if own.axis == fork.axis]
    along = min(alongs, key=len)
    parts = parts_of(fork, along)
    if len(parts) == 1:  # nothing is gained
        raise fork
    found = [(own, piecewise(function, restrict(value, own), restrict)) for own in parts]
    return _joined_tree(along, found)


def _joined_tree(along: Along, parts: list[tuple[Along, Any]]) -> Any:
    first = parts[0][1]
    if isinstance(first, tuple):
        return tuple(
            [_joined_tree(along, [(own, value[place]) for own, value in parts]) for place in range(len(first))]
        )
    return joined(along, parts)


def tables_of(value: Any) -> Iterable[VaryingTable]:
    """The tables in the attributes and shapes of a layer, or in a value."""
    if isinstance(value, Signature):
        shapes = [*value.input_shapes, *value.output_shapes]
        return tables_in([*value.op.__dict__.values(), *shapes])
    if isinstance(value, tuple):
        return [table for item in value for table in tables_of(item)]
    return tables_in(value)


def _restricted_types(types: tuple[TensorType, ...], along: Along) -> tuple[TensorType, ...]:
    return tuple([new(TensorType, (restricted(tensor.shape, along), tensor.dtype)) for tensor in types])


def _alike(strides: tuple[Any, ...], shape: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Strides, or None where the elements of all designs lie one after the other."""
    plain = contiguous(shape)
    return (
        None
        if all(a is b or (type(a) is type(b) is int and a == b) for a, b in zip(strides, plain, strict=True))
        else strides
    )


def _none_if_contiguous(strides: tuple[Any, ...] | None, shape: tuple[Any, ...]) -> tuple[Any, ...] | None:
    return None if strides is None else _alike(strides, shape)


def _places(tokens: Sequence[Any]) -> tuple[int, ...]:
    """For each value, where it stands first; forks where designs differ in it."""
    found = []
    for place, token in enumerate(tokens):
        found.append(next((before for before in range(place) if tokens[before] == token), place))
    return tuple(found)
