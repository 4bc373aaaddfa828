"""The names that the expressions of a block may use: of params, indices and inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.spec.model import all_steps

if TYPE_CHECKING:
    from collections.abc import Container

    from archcost.spec.expressions import Expression
    from archcost.spec.model import Block, References, Spec, Step
    from archcost.spec.template import Template


class KnownNames:
    """Checks that the expressions of a block use names that there are, also where nothing is unrolled."""

    def __init__(self, spec: Spec, block: Block, top: frozenset[str]) -> None:
        self.spec = spec
        self.block = block
        self.top = top
        self.own: set[str] = set()  # the params of the block so far
        self.indices: tuple[str, ...] = ()  # of the steps around that are repeated
        self._outside: set[str] | None = None  # of the steps that use the block, where one is asked for

    def check(self) -> None:
        """Report every unknown name."""
        self.own.update(self.block.inputs[-1:] if self.block.takes_more else ())
        for name, param in self.block.params.items():
            self._template(param.default, self.block.params)
            self.own.add(name)
        self._steps(self.block.steps)
        self._references(self.block.outputs)

    def _steps(self, steps: list[Step]) -> None:
        around = self.indices
        for step in steps:
            if not step.repeat_as:
                continue  # any name may be that of the index, which could not be read
            wrong = [self._template(step.repeat)]
            self.indices = (*around, *step.indices)
            wrong += [self._template(step.when), self._references(step.sources)]
            if not isinstance(step.kind, str):
                wrong.append(self._expression(step.kind))
            given = [*step.attributes.values(), *filter(None, (step.alone, step.asserted))]
            wrong += [self._template(attribute.template) for attribute in given]
            wrong.append(self._template(step.requires_grad))
            step.broken = step.broken or any(wrong)
            for branch in (step.branches or {}).values():
                self._references(branch.sources)
            for inner in step.inner():
                self._steps(inner)
            self.indices = around

    def _is_known(self, name: str) -> bool:
        return name in self.top or name in self.own or name in self.indices

    def _template(self, template: Template | None, later: Container[str] = ()) -> bool:
        if template is None or template.constant:
            return False
        found = [self._expression(expression, later) for expression in template.expressions]  # all are reported
        return any(found)

    def _references(self, references: References | None) -> bool:
        return self._expression(references) if references and not isinstance(references, list) else False

    def _expression(self, expression: Expression, later: Container[str] = ()) -> bool:
        unknown = sorted([name for name in expression.names if not self._is_known(name)])
        for name in unknown:
            names = [*self.top, *self.own, *self.indices]
            problem = expression.unknown_name(name, names, self.spec.meter, later)
            if self._is_index_outside(name):
                passed = f"`{self.block.name}: {{index: ${name}}}`"
                hint = f"a block does not see the index of its step: pass it to the block, {passed}, as a param `index`"
                problem = problem._replace(help=hint)
            self.spec.problems.add(problem)
        return bool(unknown)

    def _is_index_outside(self, name: str) -> bool:
        """Whether a name is the index of a repeated step that uses the block."""
        if self._outside is None:
            blocks = (self.spec.main, *self.spec.blocks.values())
            steps = [step for block in blocks for step, _ in all_steps(block.steps)]
            self.spec.meter.spend(len(steps), self.block.mark)
            users = [step for step in steps if step.kind == self.block.name and self.block is not self.spec.main]
            self._outside = {index for step in users for index in step.indices}
        return name in self._outside
