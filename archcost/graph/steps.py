"""What a step is where it stands: what it reads, its kind, its condition, its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import decided
from archcost.errors import Diagnostic
from archcost.graph.arity import ANY, ONE, arity_of, taken
from archcost.graph.model import new
from archcost.graph.nodes import NodeMaker
from archcost.graph.references import Read, resolve
from archcost.ops import REGISTRY
from archcost.ops.base import raising
from archcost.ops.fields import shown
from archcost.spec.expressions import ExpressionError
from archcost.spec.ways_out import unknown_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.graph.arity import Arity
    from archcost.graph.scope import Frame, Result, Values
    from archcost.ops.base import Check
    from archcost.spec.expressions import Names
    from archcost.spec.model import Spec, Step
    from archcost.spec.problems import Problems

Reads = tuple[Read, ...]


class StepMaker(NodeMaker):
    """Looks at steps before they are unrolled."""

    def __init__(
        self, spec: Spec, names: Names, dtype: str, problems: Problems, checks: Callable[[], Check] = raising
    ) -> None:
        super().__init__(spec, names, dtype, problems, checks)
        self._arities: dict[str, Arity] = {}  # by kind

    def reads(self, step: Step, frame: Frame, current: Result) -> Reads:
        """What a step reads: the ids of its ``from``, or the result of the step before."""
        return reads_before(current) if step.sources is None else resolve(self, step.sources, frame, current.bare)

    def takes(self, step: Step, kind: str) -> Arity:
        """How many inputs a step takes."""
        if step.group is not None:
            return ONE if step.group.adds_input else ANY
        found = self._arities.get(kind)
        if found is None:
            found = self._arities[kind] = arity_of(kind, self.spec.blocks)
        return found

    def inputs(self, step: Step, kind: str, frame: Frame, reads: Reads) -> Values:
        """The inputs of a step: what it takes, or all that its branches may start from."""
        return taken(self, reads, self.takes(step, kind) if step.branches is None else ANY, frame)

    def kind_of(self, step: Step, frame: Frame, reads: Reads) -> str:
        """The kind of a step; empty for one that is not known (and reported already)."""
        if step.op is not None:
            return step.op.kind
        kind = step.kind
        before = reads[0].result.values if reads else ()
        if isinstance(kind, str):
            if self._is_known(step):
                return kind
            if kind:
                self.problems.improve(unknown_kind(step, kind, self.around(step, frame, before)))
            return ""
        names = self.names_at(frame, taken(self, reads, ANY, frame)) if kind.uses_input else frame.names
        value = decided(kind.evaluate(names))
        if not isinstance(value, str) or (value not in REGISTRY and value not in self.spec.blocks):
            message = f"{kind.text} gives {shown(value)}, which is not the name of an op or block"
            is_word = isinstance(value, str)
            hint = unknown_kind(step, value, self.around(step, frame, before)).help if is_word else ""
            raise ExpressionError(Diagnostic(message, kind.mark, hint))
        return value

    def holds(self, step: Step, frame: Frame, reads: Reads) -> bool:
        """Whether a step has no condition, or one that is true."""
        if step.when is None:
            return True
        inputs = taken(self, reads, ANY, frame) if step.when.uses_input else ()
        value = decided(self.value(step.when, frame, inputs))
        if not isinstance(value, (bool, int, float)):
            hint = self.forgotten(value, step, frame, inputs)
            hint = hint or ("only `true` and `false` are booleans in YAML 1.2" if isinstance(value, str) else "")
            message = f"'when' must be true or false, got {shown(value)}"
            raise ExpressionError(Diagnostic(message, step.when.mark, hint))
        return bool(value)

    def trains(self, step: Step, frame: Frame, inputs: Values) -> bool:
        """Whether the weights of a step need gradients, as far as it says so itself."""
        if step.requires_grad is None:
            return True
        value = decided(self.value(step.requires_grad, frame, inputs))
        if not isinstance(value, bool):
            message = f"'requires_grad' must be true or false, got {shown(value)}"
            raise ExpressionError(Diagnostic(message, step.requires_grad.mark, "`false` freezes the weights"))
        return value

    def default_name(self, step: Step, frame: Frame) -> str:
        """The name of a step that failed before it had one; without a kind, ids of the scope are unsure."""
        kind = step.kind
        if isinstance(kind, str) and self._is_known(step):
            return frame.fresh(kind)
        frame.unsure.add(kind if isinstance(kind, str) else kind.text)
        return ""

    def _is_known(self, step: Step) -> bool:
        return step.group is not None or step.kind in self.spec.blocks or step.kind in REGISTRY


def reads_before(current: Result) -> Reads:
    """What a step without ``from`` reads."""
    return (new(Read, (current, "", None)),)
