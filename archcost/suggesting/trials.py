"""Trials: what a model costs with some changes, by an analysis of the changed spec, as far as work is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.paths import inside, scopes
from archcost.suggesting.grounds import grounded
from archcost.suggesting.rewriting import finished, rewritten
from archcost.suggesting.yaml_text import UnwritableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.suggesting.goals import Goal, Saved
    from archcost.suggesting.grounds import BaseText
    from archcost.suggesting.sites import Site

WORK = 120_000  # layers that are analysed in all: some seconds
_PER_TRIAL = 100  # layers that a changed spec counts as, however short
_PER_LAYER = 32  # characters of a text that take as long to read as a layer to analyse


class Trial(NamedTuple):
    """A changed spec: its text, its report, the figures, and ``remarks`` on where the text had to be unfolded."""

    text: str
    report: Report
    figures: Saved
    remarks: tuple[str, ...] = ()


class Trials:
    """Analyses of one model with changes; ``now`` are the figures without any.

    ``allowed`` bounds the work, as the number of layers that are analysed; what is asked for by name is done anyway.
    Raises UsageError for a model whose spec cannot be changed.
    """

    def __init__(self, report: Report, goal: Goal, allowed: int = WORK) -> None:
        self.report = report
        self.goal = goal
        self.now = goal.figures(report)
        self.allowed = allowed
        self.spent = 0
        self.ground = self._grounded()
        self._last: tuple[list[Site], Trial] | None = None  # one suggestion is often all of them together

    def _grounded(self, folder: str = ".", name: str = "") -> BaseText:
        try:
            return grounded(self.report.graph, folder=folder, name=name)
        except UnwritableError as error:
            raise UsageError(f"{self.report.name} cannot be changed: {error}") from None

    @property
    def exhausted(self) -> bool:
        """Whether no further trial is allowed."""
        return self.spent + self._price > self.allowed

    def exhausted_for(self, quarters: int) -> bool:
        """Whether no further trial is allowed within so many quarters of the work."""
        return 4 * (self.spent + self._price) > quarters * self.allowed

    @property
    def _price(self) -> int:
        return _PER_TRIAL + len(self.report.layers) + len(self.ground.document.text) // _PER_LAYER

    def tried(self, sites: Sequence[Site]) -> Trial | None:
        """The model with changes at some sites; None where they cannot be made together."""
        try:
            return self._made(sites)
        except UnwritableError:
            return None

    def whole(self, sites: Sequence[Site]) -> Trial:
        """The same; raises UsageError where they cannot be made."""
        try:
            return self._made(sites)
        except UnwritableError as error:
            raise UsageError(str(error)) from None

    def most(self, sites: Sequence[Site]) -> tuple[list[Site], Trial]:
        """As many of some sites as can be changed together, earlier ones first."""
        return self._with([], Trial(self.report.spec.text, self.report, self.now), list(sites))

    def _with(self, kept: list[Site], trial: Trial, further: list[Site]) -> tuple[list[Site], Trial]:
        """Places that are tried, with as many further ones as go with them."""
        if not further:
            return kept, trial
        found = self.tried([*kept, *further])
        if found is not None:
            return [*kept, *further], found
        if len(further) == 1:
            return kept, trial
        half = len(further) // 2
        return self._with(*self._with(kept, trial, further[:half]), further[half:])

    def _made(self, sites: Sequence[Site]) -> Trial:
        if self._last is not None and self._last[0] == list(sites):
            return self._last[1]
        self._last = None
        self.spent += self._price
        made = rewritten(self.ground, [site.group for site in sites])
        trial = Trial(made.text, made.report, self.goal.figures(made.report), made.notes)
        self._last = list(sites), trial
        return trial

    def text(self, sites: Sequence[Site], *, name: str, folder: str) -> str:
        """The text of the changed spec, for a file in a folder; raises UsageError where there is none."""
        try:
            return finished(self._grounded(folder, name), [site.group for site in sites])
        except UnwritableError as error:
            raise UsageError(str(error)) from None

    def attributed(self, trial: Trial, sites: Sequence[Site], before: Sequence[int]) -> list[int]:
        """What each of several sites saves in a trial of all of them, where the goal adds up over layers.

        ``before`` is what each layer adds now. Whatever is below the path of a layer that was changed stands for it.
        """
        of_path = {self.report.layers[node].path: number for number, one in enumerate(sites) for node in one.nodes}
        saved = [sum(before[node] for node in one.nodes) for one in sites]
        for layer, amount in zip(trial.report.layers, self.goal.by_layer(trial.report), strict=True):
            if amount:
                number = next((of_path[path] for path in scopes(layer.path) if path in of_path), None)
                if number is not None:
                    saved[number] -= amount
        return saved

    def fields(self, site: Site, report: Report) -> tuple[ReceptiveField | None, ReceptiveField | None]:
        """What the output of a site, or of its first change, sees of the model's input, now and in a changed model."""
        path = self.report.layers[site.last].path
        changed = [index for index, layer in enumerate(report.layers) if inside(layer.path, path)]
        before = self.report.receptive_fields()[site.last]
        return before, report.receptive_fields()[changed[-1]] if changed else None
