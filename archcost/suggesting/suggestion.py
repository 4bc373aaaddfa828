"""Suggestions: what would make a model cheaper, each with what it saves, and all that were chosen together."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.displays import in_line, in_notebook
from archcost.errors import CallError
from archcost.suggesting.chosen_numbers import ALL, number_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.suggesting.already import AlreadyThere
    from archcost.suggesting.goals import Goal, Saved
    from archcost.suggesting.rewrite import Boldness, Rewrite
    from archcost.suggesting.sites import Site
    from archcost.suggesting.trials import Trial, Trials

_ALTERNATIVES = 3


class Suggestion:
    """A rewrite at a place, or at many that one step makes, and the model with it alone.

    ``number`` is what it is chosen by: ``2``, and ``2b`` of what may stand in its place, its ``alternatives``.
    """

    def __init__(
        self, number: str, site: Site, trials: Trials, beside: Sequence[Suggestion] = (), trial: Trial | None = None
    ) -> None:
        self.number = number
        self.site = site
        self.beside = tuple(beside)
        self._trials = trials
        self._trial = trial

    def __repr__(self) -> str:
        return in_line(self, self.number, self.title, self.path, saves=self.saves)

    @property
    def rewrite(self) -> type[Rewrite]:
        """The rewrite, with its paper."""
        return self.site.rewrite

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return self.rewrite.title

    @property
    def boldness(self) -> Boldness:
        """How far it goes."""
        return self.rewrite.boldness

    @property
    def path(self) -> str:
        """Where it is; of several places a pattern for all of them."""
        return self.site.pattern

    @property
    def times(self) -> int:
        """At how many places."""
        return self.site.times

    @property
    def words(self) -> str:
        """What is where: ``1×1 reduction before inception_3a.5x5``, ``low rank at layer*.fc ×12``."""
        times = f" ×{self.times}" if self.times > 1 else ""
        return f"{self.title} {self.rewrite.where} {self.path}{times}"

    @property
    def goal(self) -> Goal:
        """What is to become less."""
        return self._trials.goal

    @property
    def before(self) -> Saved:
        """The figures of the model as it is."""
        return self._trials.now

    @cached_property
    def alternatives(self) -> tuple[Suggestion, ...]:
        """What may stand in its place, the mildest first: no more than anybody chooses from."""
        return tuple(islice((one for one in self.beside if one.holds), _ALTERNATIVES))

    @cached_property
    def holds(self) -> bool:
        """Whether it can be made alone, and saves something then."""
        if self._trial is None:
            self._trial = self._trials.tried([self.site])
        return self._trial is not None and self.saves > 0

    @property
    def is_tried(self) -> bool:
        """Whether it was found to hold already, so that asking what it saves takes no work."""
        return self._trial is not None

    @cached_property
    def trial(self) -> Trial:
        """The model with this change alone; raises UsageError where it cannot be made without others."""
        return self._trial or self._trials.whole([self.site])

    @property
    def report(self) -> Report:
        """The model with this change alone, analysed."""
        return self.trial.report

    @property
    def after(self) -> Saved:
        """The figures of the model with this change alone."""
        return self.trial.figures

    @property
    def saved(self) -> Saved:
        """What it saves of each figure; below 0 of what it adds."""
        return self.before.less(self.after)

    @property
    def saves(self) -> int:
        """What it saves of the goal's figure."""
        return self.saved.of(self.goal.metric)

    @cached_property
    def fields(self) -> tuple[ReceptiveField | None, ReceptiveField | None]:
        """What the output of the first place sees of the model's input, before and after."""
        return self._trials.fields(self.site, self.report)

    def brief(self) -> dict[str, Any]:
        """What it is, where, and what it saves, as JSON values."""
        from archcost.suggesting.data import brief_data

        return {**brief_data(self)}


class Together(NamedTuple):
    """Several suggestions at once: what they leave. ``left_out`` are those that do not go with the others."""

    suggestions: tuple[Suggestion, ...]
    trial: Trial
    left_out: tuple[Suggestion, ...] = ()

    @property
    def after(self) -> Saved:
        """The figures of the model with all of them."""
        return self.trial.figures


class SuggestionTarget(NamedTuple):
    """How much may be left of the goal's figure, as it was asked for and to the unit."""

    text: str
    allowed: int


class Looked(NamedTuple):
    """How much was looked at: places that were tried, all that were found, and layers where none were looked for."""

    tried: int
    found: int
    passed_over: int = 0
    small: int = 0  # suggestions that save so little that they are not told of

    @property
    def whole(self) -> bool:
        """Whether nothing was passed over."""
        return self.tried >= self.found and not self.passed_over


class Suggestions:
    """What would make a model cheaper, the largest saving of the goal's figure first; made by :func:`archcost.suggest`.

    ``found`` are the choices, one wherever several are of the same layers. ``target`` is what may be left, where that
    was asked for; ``plan`` is then what comes to it, else all that is ``taken``: the choices, or what would be chosen
    if nothing bold were there. ``already`` is what the model has of the rewrites that were looked for.
    """

    def __init__(
        self,
        trials: Trials,
        found: Sequence[Suggestion],
        looked: Looked,
        *,
        target: SuggestionTarget | None = None,
        plan: Together | None = None,
        shown: int | None = None,
        taken: Sequence[Suggestion] | None = None,
        already: Sequence[AlreadyThere] = (),
    ) -> None:
        self.trials = trials
        self.found = tuple(found)
        self.looked = looked
        self.target = target
        self.shown = shown
        self.taken = self.found if taken is None else tuple(taken)
        self.already = tuple(already)
        self._plan = plan

    def __repr__(self) -> str:
        return in_line(self, self.report.name, goal=self.goal.word, found=len(self.found))

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def report(self) -> Report:
        """The model as it is."""
        return self.trials.report

    @property
    def goal(self) -> Goal:
        """What is to become less."""
        return self.trials.goal

    @property
    def before(self) -> Saved:
        """The figures of the model as it is."""
        return self.trials.now

    @property
    def listed(self) -> tuple[Suggestion, ...]:
        """The choices that were asked for."""
        return self.found[: self.shown]

    @cached_property
    def plan(self) -> Together:
        """The choices that come to the target, or all that are to be taken, at once."""
        return self._plan if self._plan is not None else self._together(self.taken)

    @property
    def reached(self) -> bool:
        """Whether the target is come to; so it is where there is none."""
        return self.target is None or self.plan.after.of(self.goal.metric) <= self.target.allowed

    @property
    def exit_code(self) -> int:
        """1 if the target is out of reach, else 0."""
        return 0 if self.reached else 1

    def numbered(self, number: str) -> Suggestion:
        """The suggestion of a number, ``2`` or ``2b``; raises CallError for one that there is not."""
        known = {one.number: one for choice in self.found for one in (choice, *choice.beside)}
        if number not in known:
            if not known:
                raise CallError(f"there is no suggestion {number}", f"there is none at all of {self.report.name}")
            raise CallError(f"there is no suggestion {number}", f"they go from 1 to {len(self.found)}")
        return known[number]

    def together(self, numbers: str | int | Iterable[str | int] = ALL) -> Together:
        """Some suggestions at once: ``"all"`` of the plan, or those of some numbers, ``"1,3b"`` or ``[1, 3]``."""
        words = number_words(numbers)
        if words == [ALL]:
            return self.plan
        chosen = [self.numbered(word) for word in dict.fromkeys(words)]
        for place, one in enumerate(chosen):
            for other in chosen[:place]:
                if one.site.nodes & other.site.nodes:
                    raise CallError(
                        f"suggestions {other.number} and {one.number} are both of {one.path}", "leave one of them out"
                    )
        return Together(tuple(chosen), self.trials.whole([one.site for one in chosen]))

    def apply(self, numbers: str | int | Iterable[str | int] = ALL, *, name: str = "", folder: str = ".") -> str:
        """The text of the spec with some suggestions, ``"all"`` of the plan or ``[1, 3]``, to be written to a folder.

        ``name`` is the name of the model; without one it keeps its own. Raises UsageError for a number that there is
        not, and for suggestions that are of the same layers.
        """
        return self.text_of(self.together(numbers), name=name, folder=folder)

    def text_of(self, chosen: Together, *, name: str = "", folder: str = ".") -> str:
        """The text of the spec with suggestions that go together; raises as :meth:`apply`."""
        if not chosen.suggestions:
            bold, way = (" that is not bold", "give numbers, or `--boldness bold`") if self.found else ("", "")
            raise CallError(f"nothing is suggested of {self.report.name}{bold}", way)
        return self.trials.text([one.site for one in chosen.suggestions], name=name, folder=folder)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.suggest/1``."""
        from archcost.suggesting.data import suggestions_data

        return {**suggestions_data(self)}

    def _together(self, chosen: Sequence[Suggestion]) -> Together:
        kept, trial = self.trials.most([one.site for one in chosen])
        sites = set(map(id, kept))
        return Together(
            tuple([one for one in chosen if id(one.site) in sites]),
            trial,
            tuple([one for one in chosen if id(one.site) not in sites]),
        )
