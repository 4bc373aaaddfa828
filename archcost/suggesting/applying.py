"""Suggestions to text: the spec with its steps changed where they stand, and blocks of its own where uses differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.graph.model import REPEAT
from archcost.importers.yaml_values import name_text
from archcost.meter import Meter, WorkError
from archcost.ops import REGISTRY
from archcost.ops.base import asserted_size
from archcost.paths import join
from archcost.spec.given import Given, given_to
from archcost.suggesting.block_text import block_column, block_copy, inserted_blocks
from archcost.suggesting.edits import Attributes, Edit, NewSteps, Removed, SharedRounds, Shares
from archcost.suggesting.helpers import Helpers, names_in
from archcost.suggesting.kind_text import KindUse, Scenery, kind_text
from archcost.suggesting.step_text import StepEdit, step_splices
from archcost.suggesting.uses import MAIN, StepUse
from archcost.suggesting.variants import variants_of
from archcost.suggesting.view import steps_by_place
from archcost.suggesting.yaml_text import Splice, UnwritableError, spliced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.spec.model import Step
    from archcost.suggesting.grounds import BaseText
    from archcost.suggesting.places import JointChange
    from archcost.suggesting.variants import BlockVariant, Variants
    from archcost.suggesting.view import Place

IDENTITY = "identity"


class Applied(NamedTuple):
    """The text of a changed spec, and what is to be said of how it came about."""

    text: str
    notes: tuple[str, ...]


def applied(ground: BaseText, suggestions: Sequence[JointChange]) -> Applied:
    """The text of a spec with suggestions applied, all at once; they are of the graph of the ground.

    Raises UnwritableError where that cannot be written: two of them change the same layer, or the text does not allow
    it. Nothing is looked at but the text: whoever wants to be sure reads it again.
    """
    edits: dict[int, Edit] = {}
    repeats: dict[str, Edit] = {}
    for suggestion in suggestions:
        for node, edit in suggestion.edits.items():
            if isinstance(edit, SharedRounds):
                repeats[edit.path] = edit
            elif edits.setdefault(node, edit) != edit:
                raise UnwritableError(f"two suggestions change {ground.graph.nodes[node].path}")
    try:
        return _Writer(ground, suggestions, edits, repeats).written()
    except WorkError:
        raise UnwritableError("the blocks of the spec are used in too many ways") from None


class _Change(NamedTuple):
    """A use of a step, and what becomes of it: an edit, or another block, by its name."""

    use: StepUse
    edit: Edit | None
    block: str


class _Writer:
    def __init__(
        self, ground: BaseText, suggestions: Sequence[JointChange], edits: dict[int, Edit], repeats: dict[str, Edit]
    ) -> None:
        self.ground = ground
        self.spec = ground.spec
        self.suggestions = suggestions
        self.steps = steps_by_place(ground.spec)
        self.around = Scenery(self.steps, ground.names)
        self.edits = edits
        self.helpers = Helpers(ground.spec)
        self.titles = {edit: one.rewrite for one in suggestions for edit in one.edits.values()}
        loosened = {node for one in suggestions for node in one.inside} - edits.keys()
        self._loosen(loosened)
        meter = Meter()
        meter.grant(len(ground.graph.nodes))
        self.variants: Variants = variants_of(
            ground.uses, edits, repeats, self._may_replace, self._is_named_by_kind, meter
        )
        self.names: dict[int, str] = {}  # of variants that are blocks of their own
        for variant in self.variants.all:
            self.names[variant.number] = variant.block
            if variant.number in self.variants.renamed:
                self.names[variant.number] = self.helpers.free(f"{variant.block}_{self._word(variant)}")

    def written(self) -> Applied:
        """The whole text."""
        document = self.ground.document
        splices: list[Splice] = []
        texts: list[str] = []
        notes: list[str] = []
        column = block_column(document)
        for variant in self.variants.all:
            if variant.number not in self.variants.touched:
                continue
            changed = self._changed(variant)
            if variant.number in self.variants.replaced:
                splices += changed
                continue
            source, name = self.spec.blocks[variant.block].mark.source, self.names[variant.number]
            copy = block_copy(self.ground.document_of(source), variant.block, column, name, changed)
            texts.append(f"# {variant.block}, changed for some of its uses\n{' ' * column}{copy}")
            notes.append(f"{name} is a copy of the block {variant.block}, for the uses of it that change")
        texts = [*self.helpers.texts(column), *texts]
        text = spliced(document.text, [*splices, *inserted_blocks(document, texts)])
        return Applied(self._header() + text, tuple(notes))

    # --- what becomes of a variant ----------------------------------------------------------------------------------

    def _changed(self, variant: BlockVariant) -> list[Splice]:
        """The parts of the text of a block that change for one of its variants."""
        by_place: dict[Place, list[_Change]] = {}
        found: list[Splice] = []
        for at, edit in variant.edits.items():
            use = variant.uses[at]
            if use.kind != REPEAT:
                by_place.setdefault(at[0], []).append(_Change(use, edit, ""))
            elif edit is not None:
                found += self._first_round_lends(use)
        for at, called in variant.calls.items():
            use = variant.uses[at]
            name = self.names[called]
            by_place.setdefault(at[0], []).append(_Change(use, None, name if name != use.kind else ""))
        for place, changes in by_place.items():
            if any(change.edit is not None or change.block for change in changes):
                try:
                    found += self._step(place, changes)
                except UnwritableError as error:
                    raise UnwritableError(f"{changes[0].use.path}: {error}") from None
        return found

    def _step(self, place: Place, changes: list[_Change]) -> list[Splice]:
        step = self.steps.get(place)
        if step is None or step.group is not None:
            raise UnwritableError("it is no step of its own in the text")
        document = self.ground.document_of(step.mark.source)
        text = document.step(place[1], place[2])
        edits = {change.edit for change in changes}
        edit = next(iter(edits))
        if len(edits) == 1 and isinstance(edit, Attributes):
            size = self._asserted(step, changes)
            given = {**({size: None} if size else {}), **dict(edit.changed)}
            alone = self._alone(step, changes[0].use.kind) or size
            changed = StepEdit(attributes=tuple(given.items()), alone=alone)
        elif len(edits) == 1 and isinstance(edit, Shares):
            changed = StepEdit(modifiers=(("share", self._owner(edit)),))
        elif len(edits) == 1 and isinstance(edit, Removed):
            self._check_name(step, changes)
            changed = StepEdit(kind=IDENTITY, empties=True, modifiers=self._named(step, changes))
        else:
            self._check_name(step, changes)
            needless = self._needless(step, changes)
            kind = kind_text(step, [self._kind(step, change, needless) for change in changes], self.around)
            goes = [*filter(None, (self._asserted(step, changes),)), *needless]
            changed = StepEdit(
                kind=kind,
                attributes=tuple([(name, None) for name in goes]),
                alone=goes[0] if goes else "",
                modifiers=self._named(step, changes),
            )
        return step_splices(document, text, changed)

    def _first_round_lends(self, use: StepUse) -> list[Splice]:
        """What lets all rounds of a repeated step share with its first."""
        step = self.steps[use.place]
        if step.share is not None:
            raise UnwritableError(f"{use.path} shares with another step already")
        document = self.ground.document_of(step.mark.source)
        lender = name_text(join(use.name, "0"), flow=True)
        return step_splices(
            document, document.step(use.place[1], use.place[2]), StepEdit(modifiers=(("share", lender),))
        )

    def _kind(self, step: Step, change: _Change, needless: list[str]) -> KindUse:
        """The kind that a step gets in one of its uses; ``needless`` are attributes that go."""
        use, edit = change.use, change.edit
        if edit is None:
            return KindUse(use.instance, use.rounds, use.kind, change.block or use.kind)
        given = tuple([name for name in self._given(step, use.kind).attributes if name not in needless])
        inputs = len(self.ground.graph.nodes[use.node].inputs)
        name = self.helpers.name(self._as_body(step, use, edit), given, inputs, self.titles[edit])
        return KindUse(use.instance, use.rounds, use.kind, name)

    def _needless(self, step: Step, changes: list[_Change]) -> list[str]:
        """The attributes of a step that becomes a block in all of its uses, and that none of its bodies uses."""
        different = {(change.edit, change.use.kind): change for change in changes}
        used: set[str] = set()
        for change in different.values():
            if change.edit is None:
                return []
            used |= names_in(self._as_body(step, change.use, change.edit))
        return [name for name in self._given(step, changes[0].use.kind).attributes if name not in used]

    def _as_body(self, step: Step, use: StepUse, edit: Edit) -> NewSteps:
        """An edit of some of the uses of a step, as a block."""
        if isinstance(edit, NewSteps):
            return edit
        if isinstance(edit, Removed):
            return NewSteps(f"without_{use.kind}", (IDENTITY,))
        given = {name: f"${name}" for name in self._given(step, use.kind).attributes}
        if isinstance(edit, Shares):
            inner = ", ".join([f"{name}: {value}" for name, value in given.items()])
            call = f"{use.kind}: {{{inner}}}" if inner else f"{use.kind}:"
            return NewSteps(f"shared_{use.kind}", (f"{{{call}, share: {self._owner(edit)}}}",))
        assert isinstance(edit, Attributes)
        changed = {**given, **dict(edit.changed)}
        inner = ", ".join([f"{name}: {value}" for name, value in changed.items() if value is not None])
        return NewSteps(f"changed_{use.kind}", (f"{use.kind}: {{{inner}}}" if inner else use.kind,))

    # --- steps ------------------------------------------------------------------------------------------------------

    def _check_name(self, step: Step, changes: list[_Change]) -> None:
        if step.repeat is not None and step.branches is not None:
            raise UnwritableError("it is called by its kind in the rounds of a step with branches")

    @staticmethod
    def _named(step: Step, changes: list[_Change]) -> tuple[tuple[str, str], ...]:
        """The id that keeps the name of a step that had none."""
        if step.id is not None:
            return ()
        names = {change.use.name for change in changes}
        if len(names) != 1:
            raise UnwritableError("it has no id, and not the same name wherever it is used")
        return (("id", name_text(names.pop(), flow=True)),)

    def _given(self, step: Step, kind: str) -> Given:
        if isinstance(step.kind, str):  # linked already
            return Given(step.attributes, step.asserted)
        found = given_to(step, kind, self.spec.blocks)
        if not isinstance(found, Given):
            raise UnwritableError(found.message)
        return found

    def _alone(self, step: Step, kind: str) -> str:
        """What a value in place of attributes is called."""
        return next(iter(self._given(step, kind).attributes), "")

    def _asserted(self, step: Step, changes: list[_Change]) -> str:
        """The size of its input that a step says, if it becomes a block; empty if it says none."""
        kind = next((change.use.kind for change in changes if change.edit is not None), "")
        if kind not in REGISTRY or self._given(step, kind).asserted is None:
            return ""
        return asserted_size(REGISTRY[kind])

    def _loosen(self, nodes: set[int]) -> None:
        """Let steps between changed ones take what they get, if they say a size of their input."""
        for node in nodes:
            use = self.ground.uses.of_nodes[node]
            step = self.steps.get(use.place)
            if step is not None and step.group is None and self._given(step, use.kind).asserted is not None:
                self.edits[node] = Attributes(((asserted_size(REGISTRY[use.kind]), None),))
                self.titles.setdefault(self.edits[node], self.suggestions[0].rewrite)

    def _owner(self, edit: Shares) -> str:
        if edit.owner in self.edits:
            raise UnwritableError(f"its owner {self.ground.graph.nodes[edit.owner].path} changes itself")
        return name_text(self.ground.graph.nodes[edit.owner].path, flow=True)

    # --- names and comments -----------------------------------------------------------------------------------------

    def _may_replace(self, block: str) -> bool:
        return block == MAIN or self.spec.blocks[block].mark.source is self.spec.text_source

    def _is_named_by_kind(self, place: Place) -> bool:
        step = self.steps.get(place)
        return step is not None and step.id is None and not isinstance(step.kind, str)

    def _word(self, variant: BlockVariant) -> str:
        """What tells a variant from the block that it comes from."""
        words = {self.titles[edit].name for edit in variant.edits.values() if edit is not None}
        return words.pop() if len(words) == 1 else "changed"

    def _header(self) -> str:
        rewrites = dict.fromkeys([suggestion.rewrite for suggestion in self.suggestions])
        newline = self.ground.document.newline
        return "".join([f"# {rewrite.title}: {rewrite.paper}{newline}" for rewrite in rewrites])
