"""The join of groups of designs for which a step was walked: one node for the layers of all, and types as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.graph.model import Node, TensorType, new
from archcost.graph.scope import FAILED, Result
from archcost.sweeping.alongs import ForkError
from archcost.sweeping.groups import GroupPart, Joined, inside, layers_of, result_of, slots_of, with_values
from archcost.sweeping.joining import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcost.errors import Mark
    from archcost.graph.scope import Frame
    from archcost.sweeping.alongs import Along
    from archcost.sweeping.groups import Found, State, WalkedGroup
    from archcost.sweeping.walker import Walker

Column = tuple[Any, ...]  # a value of each group that is alive: numbers, or None for that of a step that failed


class Join:
    """Groups that part an axis, after the walk of a step for each; ``state`` is what was before."""

    def __init__(self, walk: Walker, frame: Frame, state: State, along: Along, groups: Sequence[WalkedGroup]) -> None:
        self.walk = walk
        self.frame = frame
        self.state = state
        self.along = along
        self.groups = groups
        self.alive = [group for group in groups if group.found is not None]

    def made(self, mark: Mark, failed: Found) -> Any:
        """What the step gives all groups together: ``failed`` where there is none that does not fail.

        Raises the fork of the step around where what the groups give does not go together.
        """
        walk, body = self.walk, self.frame.body
        tightest = min([group.state for group in self.groups], key=lambda each: each.allowed - each.spent)
        walk.meter.spent, walk.meter.allowed = tightest.spent, tightest.allowed
        if not self.alive:
            walk.problems.extend(self.groups[0].problems)
            body.fail()
            self._settle(self.groups, None)
            return failed
        columns = self._columns()
        outputs = self._outputs(columns)
        values = [column[0] if None in column else outputs.get(column, column[0]) for column in columns]
        self._add_node(outputs, mark)
        index = self.state.nodes
        found = with_values(self.alive[0].found, values, index, index + 1)
        self._settle(self.alive, found)
        return found

    def _around(self) -> ForkError:
        """The fork of the step around."""
        return ForkError(self.along.axis, [group.along.indices for group in self.groups])

    # --- values -----------------------------------------------------------------------------------------------------

    def _columns(self) -> list[Column]:
        """The values that the groups give, side by side."""
        slots = [slots_of(group.found) for group in self.alive]
        if any(form != slots[0][1] for _, form in slots):
            raise self._around()
        columns = list(zip(*[values for values, _ in slots], strict=True))
        if any(set(column) != {None} for column in columns if None in column):
            raise self._around()
        return columns

    def _outputs(self, columns: Iterable[Column]) -> dict[Column, int]:
        """The new values: for each column that is not one value from before, in order."""
        first = self.state.types
        found: dict[Column, int] = {}
        for column in columns:
            value = column[0]
            if value is None or column in found or (value < first and len(set(column)) == 1):
                continue
            found[column] = first + len(found)
        return found

    def _type(self, column: Column) -> TensorType:
        """The type of a value that is another one in each group."""
        first = self.state.types
        types = [group.type_of(value, first) for group, value in zip(self.alive, column, strict=True)]
        if len({(len(tensor.shape), tensor.dtype) for tensor in types}) > 1:
            raise self._around()
        alongs = [group.along for group in self.alive]
        dims = zip(*[tensor.shape for tensor in types], strict=True)
        shape = [joined(self.along, list(zip(alongs, sizes, strict=True))) for sizes in dims]
        return TensorType(tuple(shape), types[0].dtype)

    # --- the node ---------------------------------------------------------------------------------------------------

    def _add_node(self, outputs: dict[Column, int], mark: Mark) -> None:
        """Add the node that stands for the layers of all groups."""
        body, state, first = self.frame.body, self.state, self.state.types
        types = tuple(map(self._type, outputs))
        reads = self._reads(outputs)
        parts = []
        alive = iter(range(len(self.alive)))
        for group in self.groups:
            if group.found is None:
                parts.append(GroupPart(group.along, (), (), True))
                continue
            place = next(alive)
            layers = layers_of(group.nodes, body.nodes[: state.nodes], first, reads)
            own = [inside(column[place], first, reads) for column in outputs]
            parts.append(GroupPart(group.along, layers, tuple(own), False, group.scopes))
        signature: Any = Joined(self.along, tuple(parts), types)
        body.work += max([group.state.work - state.work for group in self.alive])
        if any(group.state.failed_at is not None for group in self.alive):
            body.fail()
        body.nodes.append(new(Node, (self.frame.prefix + "…", signature, tuple(reads), first, -1, mark)))
        body.types.extend(types)

    def _reads(self, outputs: Iterable[Column]) -> dict[int, int]:
        """The values from before that the groups read or give, each with its place among the inputs of the node."""
        first = self.state.types
        read = [value for group in self.groups for node in group.nodes for value in node.inputs]
        read += [value for column in outputs for value in column if value is not None]
        return {value: place for place, value in enumerate(dict.fromkeys([one for one in read if one < first]))}

    # --- names ------------------------------------------------------------------------------------------------------

    def _settle(self, groups: Sequence[WalkedGroup], found: Any) -> None:
        """Leave the ids and names of the frame as the step leaves them in all groups; ``found`` is None if all failed.

        What they differ in is unsettled: whoever asks for it forks the scope around.
        """
        frame, states = self.frame, [group.state for group in groups]
        frame.last = states[0].last
        frame.branches = set().union(*[each.branches for each in states])
        frame.unsure = set().union(*[each.unsure for each in states])
        frame.used = set().union(*[each.used for each in states])
        counted = {name for each in states for name in each.counts}
        frame.counts = {name: max([each.counts.get(name, 0) for each in states]) for name in counted}
        for each in states:
            frame.unsettled |= each.unsettled
        names = {name: None for group in groups for name in group.ids}
        if found is None:
            frame.ids |= dict.fromkeys(names, Result(FAILED, True))
            return
        tell = self._telling()
        for name in names:
            self._settle_id(name, groups, found, tell)
        differing = [name for name in frame.used if any(name not in each.used for each in states)]
        differing += [name for name in counted if len({each.counts.get(name) for each in states}) > 1]
        for name in differing:
            frame.unsettled.setdefault(name, tell)

    def _settle_id(self, name: str, groups: Sequence[WalkedGroup], found: Any, tell: Callable[[], None]) -> None:
        self.frame.ids[name] = result_of(found)
        if any(group.ids.get(name) is not result_of(group.found) for group in groups):
            self.frame.unsettled[name] = tell

    def _telling(self) -> Callable[[], None]:
        """What raises that a name means another step to each group."""
        axis, parts, index = self.along.axis, [group.along.indices for group in self.groups], self.state.nodes

        def tell() -> None:
            raise ForkError(axis, parts, before=index)

        return tell
