"""One walk of a spec for all designs of a space: its tables."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from archcost.collector import collector_paused
from archcost.dims import total
from archcost.errors import SpecError
from archcost.graph.adapters import with_adapters
from archcost.graph.blocks import whole
from archcost.graph.context import MAX_NODES
from archcost.graph.inputs import resolve_inputs
from archcost.graph.model import Graph
from archcost.graph.params import check_stored_dtypes, model_dtype, resolve_params
from archcost.meter import Meter, WorkError
from archcost.spec.problems import Problems
from archcost.sweeping import lifting
from archcost.sweeping.accounts import SCOPES, Account, Accountant, joined_accounts
from archcost.sweeping.alongs import Along, CoupledError, ForkError, parts_of
from archcost.sweeping.arrays import np
from archcost.sweeping.effort import EFFORT, PER_GROUP
from archcost.sweeping.fusing import OF_ALL, AxisFusion, Couplings, FuseError
from archcost.sweeping.groups import WalkedLayer, shared_tensors
from archcost.sweeping.operators import tables_in
from archcost.sweeping.singles import error_of
from archcost.sweeping.space import LAYERS
from archcost.sweeping.tables import Factor, MetricSum, SpaceTables, TableTooLargeError
from archcost.sweeping.varying import MOST_ENTRIES, VaryingTable, forget_tables, from_entries
from archcost.sweeping.walker import Walker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcost.errors import Diagnostic
    from archcost.settings import Settings
    from archcost.sweeping.space import Space

METRICS = (
    "params",
    "active_params",
    "trainable_params",
    "buffers",
    "macs",
    "flops",
    "weight_bytes",
    "buffer_bytes",
    "activation_bytes",
    "cache_bytes",
    LAYERS,
)
MOST_WALKS = 4096  # of the whole spec

World = dict[int, Along]


def tables(space: Space) -> SpaceTables:
    """The figures of all designs of a space, by one walk of its spec.

    Raises SpecError for a spec that cannot be read, UsageError for settings that it cannot have, and TooCoupledError
    for axes that would make a table too large.
    """
    if space.spec.problems:
        raise space.spec.problems.error()
    with collector_paused():
        EFFORT.begin()
        try:
            return _tables(space)
        finally:
            _forget()


def _forget() -> None:
    """Forget what a walk has made."""
    forget_tables()
    lifting.forget_expressions()


def _tables(space: Space) -> SpaceTables:
    """The tables of a space, by a walk of all its axes, or of some of them as one."""
    fusion, couplings = AxisFusion(space), Couplings(space.lengths)
    while True:
        try:
            return _Walk(fusion, couplings).tables()
        except FuseError as fuse:
            _forget()
            fusion = fusion.fused(fuse.axes)
            couplings = Couplings(fusion.space.lengths)
        except TableTooLargeError:
            if not fusion.fuses:
                raise
            fusion, couplings = AxisFusion(space), Couplings(())  # by themselves they may be few enough


class _Walk:
    """The walk of a space, which forks into walks of parts of it where nothing smaller will do."""

    def __init__(self, fusion: AxisFusion, couplings: Couplings) -> None:
        self.fusion = fusion
        self.couplings = couplings
        self.space = fusion.space
        self.walks = 0
        EFFORT.name_axes([axis.name for axis in self.space.axes])

    def tables(self) -> SpaceTables:
        """The tables of the space."""
        space = self.space
        try:
            account = self._account(dict(enumerate(self.fusion.alongs)))
            space = self.fusion.whole
            return self._told(account)
        except CoupledError as error:
            raise _too_coupled(space, error) from None

    def _account(self, world: World) -> Account | None:
        """The account of the designs in some parts of the axes; None where all are invalid."""
        self.walks += 1
        try:
            return self._walked(world)
        except WorkError:
            longest = max(world.values(), key=len, default=None)
            if longest is None or len(longest) < 2:  # noqa: PLR2004 - one design asks for too much
                return None
            if self.walks > MOST_WALKS:
                raise
            half = len(longest) // 2
            fork = ForkError(longest.axis, [longest.indices[:half], longest.indices[half:]])
        except CoupledError as error:
            if self.walks > MOST_WALKS or len(world[error.axis]) < 2:  # noqa: PLR2004 - it does not get smaller
                raise
            fork = error
        except ForkError as error:
            self.couplings.note(error, OF_ALL)
            fork = error
        parts = parts_of(fork, world[fork.axis])
        found: list[tuple[Along, Account | None]] = []
        for own in parts:
            found.append((own, self._account({**world, own.axis: own})))
            if isinstance(fork, CoupledError) and _grows_beyond(found[-1][1], len(parts)):
                raise fork  # side by side the parts are as large
        if all(account is None for _, account in found):
            return None
        return joined_accounts(world[fork.axis], found)

    def _walked(self, world: World) -> Account | None:
        """One walk; None where all designs are invalid."""
        spec, settings = self.space.spec, self._settings(world)
        problems = Problems(spec.text_source)
        dtype = model_dtype(spec, settings.dtype)
        check_stored_dtypes(settings)
        meter = Meter()
        names = resolve_params(spec, settings, problems, meter, lifting.evaluated)
        inputs = resolve_inputs(spec, names, settings, dtype, problems)
        if not spec.main.steps:
            raise SpecError(self._alone(world))
        walker = Walker(spec, names, dtype, problems, world, self.couplings, joins=settings.lora is None)
        walker.frozen = settings.lora is not None
        try:
            body = walker.run(inputs)
        finally:
            EFFORT.spend(PER_GROUP + meter.spent)
        if walker.problems or None in inputs.values():
            return None
        known = {name: tensor for name, tensor in inputs.items() if tensor is not None}
        graph = Graph(spec, settings, {}, dtype, known, body.nodes, whole(body.outputs), body.scopes)
        if settings.lora is not None:
            graph = with_adapters(graph, settings.lora)
        accountant = Accountant(graph)
        layers = [
            WalkedLayer(node.signature, node.inputs, shared_tensors(node.weights_of, graph.nodes))
            for node in graph.nodes
        ]
        account, _ = accountant.of_layers(layers, accountant.fresh_inputs(len(known)))
        account.add(SCOPES, len(graph.scopes))
        sizes = [size for tensor in known.values() for size in tensor.shape]
        account.note([axis for table in tables_in(sizes) for axis in accountant.read_by(table)])
        return account

    def _alone(self, world: World) -> tuple[Diagnostic, ...]:
        """What is wrong with the first design."""
        error = error_of(self.space, [world[number].indices[0] for number in sorted(world)])
        return error.diagnostics if error is not None else ()

    def _settings(self, world: World) -> Settings:
        values = {}
        for number, axis in enumerate(self.space.axes):
            along = world[number]
            for place, target in enumerate(axis.targets):
                values[target] = from_entries((along,), [axis.values[index][place] for index in along.indices])
        return self.space.settings_with(values, lifting.evaluated)

    # --- what is told -----------------------------------------------------------------------------------------------

    def _told(self, account: Account | None) -> SpaceTables:
        if account is None:
            nothing = {name: MetricSum(0) for name in METRICS}
            return SpaceTables(self.fusion.whole, nothing, (Factor((), np.array(False)),), ())
        self.fusion.unfold(account)
        sums = account.sums
        for counted in (LAYERS, SCOPES):  # groups of each step have fewer, all together may not
            fits = total(sums.get(counted, {}).values()) <= MAX_NODES
            account.valid += [] if fits is True else [fits]
        idle = {axes: value * -1 for axes, value in sums.get("idle_params", {}).items()}
        sums["active_params"] = dict(sums.get("params", {}))
        for axes, value in idle.items():
            sums["active_params"][axes] = sums["active_params"].get(axes, 0) + value
        metrics = {name: self._sum(sums.get(name, {})) for name in METRICS}
        unknown = {
            name: self._sum(sums[f"unknown_{name}"]) for name in ("macs", "flops") if sums.get(f"unknown_{name}")
        }
        valid = self._conditions(account.valid)
        return SpaceTables(self.fusion.whole, metrics, valid, self._distinct(account), unknown)

    def _sum(self, terms: Mapping[tuple[Along, ...], Any]) -> MetricSum:
        """A sum with few terms: one whose axes another has is part of that."""
        constant = 0
        by_axes: dict[tuple[int, ...], Any] = {}
        for value in terms.values():
            if type(value) is not VaryingTable:
                constant += value
                continue
            axes = tuple([along.axis for along in value.axes])
            by_axes[axes] = by_axes[axes] + value if axes in by_axes else value
        found: list[Any] = []
        for axes in sorted(by_axes, key=len, reverse=True):
            value = by_axes[axes]
            for place, other in enumerate(found):
                if type(other) is VaryingTable and set(axes) <= {along.axis for along in other.axes}:
                    found[place] = other + value
                    break
            else:
                found.append(value)
        tables_left = []
        for value in found:
            if type(value) is VaryingTable:
                tables_left.append(Factor(tuple([along.axis for along in value.axes]), value.array))
            else:
                constant += value
        return MetricSum(constant, tuple(tables_left))

    def _conditions(self, found: Iterable[Any]) -> tuple[Factor, ...]:
        """Tables all of which must be true; one whose axes another has is part of that."""
        tables_left: list[Any] = []
        for value in sorted(found, key=lambda each: -len(each.axes) if type(each) is VaryingTable else 0):
            if value is True:
                continue
            if value is False:
                return (Factor((), np.array(False)),)
            for place, other in enumerate(tables_left):
                if {along.axis for along in value.axes} <= {along.axis for along in other.axes}:
                    both = other & value
                    if both is False:
                        return (Factor((), np.array(False)),)
                    tables_left[place] = both
                    break
            else:
                tables_left.append(value)
        return tuple([Factor(tuple([along.axis for along in each.axes]), each.array) for each in tables_left])

    def _distinct(self, account: Account) -> tuple[Factor, ...]:
        """Along each axis the designs that read it, and of those that do not the first."""
        found = []
        for along in self.fusion.axes:
            by = account.read.get((along.axis, 0), False)
            if by is True or len(along) == 1:
                continue
            first = from_entries((along,), [index == 0 for index in along.indices])
            found.append(first | by)
        return self._conditions(found)


def _too_coupled(space: Space, error: CoupledError) -> TableTooLargeError:
    names = [space.axes[number].name for number in error.axes]
    longest = max(error.axes, key=lambda number: len(space.axes[number]))
    sizes = " × ".join([f"{len(space.axes[number]):,}" for number in error.axes])
    return TableTooLargeError(
        f"one figure depends on {', '.join(names)} together: {sizes} values, more than {MOST_ENTRIES:,}",
        f"give fewer values of {space.axes[longest].name}, or sweep parts of its values by themselves",
    )


def _grows_beyond(account: Account | None, parts: int) -> bool:
    """Whether a table of a part would be too large with so many others beside it."""
    terms = [axes for sums in account.sums.values() for axes in sums] if account is not None else []
    return any(parts * prod(map(len, axes)) > MOST_ENTRIES for axes in terms)
