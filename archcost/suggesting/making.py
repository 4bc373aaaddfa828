"""From a report to suggestions: where rewrites apply, what each saves, and which to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import CallError, UsageError, did_you_mean, suggestion
from archcost.paths import PathPattern, scopes, unmatched_help
from archcost.suggesting.already import already_there
from archcost.suggesting.choosing import choose, reach
from archcost.suggesting.goals import read_target
from archcost.suggesting.ranking import ranked
from archcost.suggesting.rewrite import REWRITES, Boldness
from archcost.suggesting.sites import sites_of
from archcost.suggesting.suggestion import (
    Looked,
    Suggestion,
    Suggestions,
    SuggestionTarget,
    Together,
)
from archcost.suggesting.trials import WORK, Trials
from archcost.suggesting.view import GraphView, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcost.analysis.report import Layer, Report
    from archcost.suggesting.choosing import Choice, Option
    from archcost.suggesting.goals import Goal
    from archcost.suggesting.rewrite import Rewrite
    from archcost.suggesting.trials import Trial

BOLDNESS = {one.name.lower(): one for one in Boldness}  # by the word that people use, the mildest first
LEAST = 1_000  # a saving is told of from this part of the figure
_LETTERS = "bcdefghijklmnopqrstuvwxyz"  # of alternatives: 2b, 2c
_FINDS = 300_000  # layers that are looked at, each once for a rewrite
_ROUNDS = 6  # plans for a figure that does not add up


class SuggestionFilter(NamedTuple):
    """Which suggestions are wanted: below patterns of paths, of some rewrites, no bolder than one word says.

    Without a word all are told of, and those that are bold are taken only where a target asks for it.
    """

    at: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    boldness: str | None = None


def all_rewrites() -> dict[str, type[Rewrite]]:
    """Every rewrite by its name."""
    import archcost.suggesting.rewrites  # noqa: F401 - its modules register them

    return REWRITES


def suggestions_of(
    report: Report,
    goal: Goal,
    wanted: SuggestionFilter = SuggestionFilter(),  # noqa: B008 - it is frozen
    *,
    target: str | None = None,
    shown: int | None = None,
    allowed: int = WORK,
    all_sizes: bool = False,
) -> Suggestions:
    """What would make a model cheaper, and with a ``target`` which of it to take.

    ``shown`` bounds how many are listed, ``allowed`` the work, as a number of layers that are analysed. What saves less
    than a thousandth of the figure is counted alone, unless a part of the model or some rewrites are asked for, or a
    target, to which all may add, or ``all_sizes``.
    Raises UsageError for words and patterns that name nothing, and a model that is not whole.
    """
    if not report.complete:
        raise UsageError(f"{report.name} is not whole, so nothing can be suggested")
    chosen = _rewrites(wanted)
    nodes, passed = _nodes(report, wanted.at, len(chosen))
    trials = Trials(report, goal, allowed)
    asked = (
        None
        if target is None
        else SuggestionTarget(target, read_target(target, goal.metric, trials.now.of(goal.metric)))
    )
    view = GraphView(trials.ground.graph)
    sites = list(sites_of(view, trials.ground.uses, chosen, nodes))
    is_part = bool(wanted.at or wanted.only or target is not None or all_sizes)
    least = 0 if is_part else -(-trials.now.of(goal.metric) // LEAST)
    options, tried = ranked(trials, sites)
    options, choices, held, small = _holding(trials, options, shown, least)
    found = _suggestions(choices, trials, held)
    plan = None if asked is None else _plan(trials, choices, found, asked)
    taken = found if wanted.boldness is not None or wanted.only else _mild(options, found)
    looked = Looked(tried, len(sites), passed, _further(choices, small))
    already = already_there(view, chosen, nodes)
    return Suggestions(trials, found, looked, target=asked, plan=plan, shown=shown, taken=taken, already=already)


def _mild(options: Iterable[Option], found: Sequence[Suggestion]) -> list[Suggestion]:
    """What would be chosen if nothing bold were there."""
    known = {id(one.site): one for choice in found for one in (choice, *choice.beside)}
    mild = [choice.option.site for choice in choose(option for option in options if not option.is_bold)]
    return [known[id(site)] for site in mild if id(site) in known]


def _holding(
    trials: Trials, options: Sequence[Option], shown: int | None, least: int
) -> tuple[list[Option], list[Choice], dict[int, Trial], list[Option]]:
    """The options and the choices of them, of which so many as are shown hold by themselves, each with its trial.

    What does not hold, or saves nothing after all, is no option; what saves otherwise than in a trial of many is ranked
    by what it saves alone. Those that save less than the least amount are apart, and come last.
    """
    held: dict[int, Trial] = {}
    known = [option for option in options if option.saving >= least]
    small = [option for option in options if option.saving < least]
    while True:
        choices = choose(known)
        unknown = [choice.option for choice in choices[:shown] if id(choice.option.site) not in held]
        if not unknown or trials.exhausted:
            return known, choices, held, small
        for option in unknown:
            if trials.exhausted:
                break
            trial = trials.tried([option.site])
            saving = 0 if trial is None else trials.now.less(trial.figures).of(trials.goal.metric)
            option.saving = saving
            if trial is not None and saving >= max(1, least):
                held[id(option.site)] = trial
                continue
            known.remove(option)
            small += [option] * (saving > 0)


def _further(choices: Sequence[Choice], small: Sequence[Option]) -> int:
    """How many choices there would be with options of little worth, wherever nothing is chosen."""
    taken = {node for choice in choices for node in choice.option.nodes}
    return len(choose([option for option in small if taken.isdisjoint(option.nodes)]))


def _rewrites(wanted: SuggestionFilter) -> list[type[Rewrite]]:
    """The rewrites of some names, or all, that are not too bold."""
    known = all_rewrites()
    for name in wanted.only:
        if name not in known:
            hint = suggestion(name, list(known), "rewrites") or "`archcost suggest --list` has all"
            raise CallError(f"there is no rewrite '{name}'", hint)
    boldness = wanted.boldness or list(BOLDNESS)[-1]
    if boldness not in BOLDNESS:
        raise CallError(
            f"a boldness is one of {', '.join(BOLDNESS)}, not '{boldness}'",
            did_you_mean(boldness, list(BOLDNESS)),
        )
    mild = list(BOLDNESS)[: list(BOLDNESS).index(boldness) + 1]
    allowed = {BOLDNESS[word] for word in mild}
    return [one for name, one in known.items() if one.boldness in allowed and name in (wanted.only or known)]


def _nodes(report: Report, patterns: Iterable[str], rewrites: int) -> tuple[list[int], int]:
    """The layers at and below what patterns name, all of them without a pattern, and how many are passed over.

    Of very many they are those of the costliest steps.
    """
    paths = [layer.path for layer in report.layers]
    found: set[int] = set()
    for text in patterns:
        pattern = PathPattern(text)
        own = {index for index, path in enumerate(paths) if any(map(pattern.matches, scopes(path)))}
        if not own:
            known = list(dict.fromkeys(scope for path in paths for scope in scopes(path)))
            hint = unmatched_help(known, text) or did_you_mean(text, known) or "`archcost analyze` has the paths"
            raise UsageError(f"{report.name} has no layer or scope '{text}'", hint)
        found |= own
    nodes = sorted(found) if found else list(range(len(paths)))
    most = _FINDS // max(1, rewrites)
    kept = nodes if len(nodes) <= most else _costliest(report, nodes, most)
    return kept, len(nodes) - len(kept)


def _costliest(report: Report, nodes: Sequence[int], most: int) -> list[int]:
    """The layers of the steps that cost most, all that a step makes or none, up to a number."""
    steps: dict[object, list[int]] = {}
    for node in nodes:
        steps.setdefault(place_of(report.layers[node].node.mark), []).append(node)
    kept: list[int] = []
    for own in sorted(steps.values(), key=lambda own: -sum(_cost(report.layers[node]) for node in own)):
        kept += own if len(kept) + len(own) <= most else []
    return sorted(kept)


def _cost(layer: Layer) -> int:
    return layer.costs.macs + layer.costs.params


def _suggestions(choices: Sequence[Choice], trials: Trials, held: Mapping[int, Trial]) -> list[Suggestion]:
    """The choices with their alternatives, numbered in their order."""
    found = []
    for number, choice in enumerate(choices, 1):
        others = choice.others[: len(_LETTERS)]
        numbers = _alternative_numbers(number, len(others))
        beside = [Suggestion(word, one.site, trials) for word, one in zip(numbers, others, strict=True)]
        site = choice.option.site
        found.append(Suggestion(str(number), site, trials, beside, held.get(id(site))))
    return found


def _plan(trials: Trials, choices: Sequence[Choice], found: Sequence[Suggestion], target: SuggestionTarget) -> Together:
    """The suggestions that come to a target, by an analysis of all of them together.

    Where that leaves more than their sum promises, as with a peak of memory, the next plan is to leave less.
    """
    by_place = {id(one.site): one for choice in found for one in (choice, *choice.beside)}
    known = [_told(choice, by_place) for choice in choices]
    now = trials.now.of(trials.goal.metric)
    allowed = target.allowed
    best: Together | None = None
    for _ in range(_ROUNDS):
        taken = reach(known, now, allowed)
        kept, trial = trials.most([option.site for option in taken])
        used = set(map(id, kept))
        plan = Together(
            tuple([by_place[id(option.site)] for option in taken if id(option.site) in used]),
            trial,
            tuple([by_place[id(option.site)] for option in taken if id(option.site) not in used]),
        )
        left = plan.after.of(trials.goal.metric)
        if best is None or left < best.after.of(trials.goal.metric):
            best = plan
        promised = now - sum(option.saving for option in taken)
        if left <= target.allowed or promised > allowed:
            break
        allowed -= left - target.allowed
    assert best is not None, "there is a first round"
    return best


def _told(choice: Choice, by_place: dict[int, Suggestion]) -> Choice:
    """A choice with those of its alternatives that have a number."""
    return choice._replace(others=tuple([one for one in choice.others if id(one.site) in by_place]))


def _alternative_numbers(number: int, count: int) -> list[str]:
    """The numbers of what may stand in place of a choice: ``2b``, ``2c``."""
    return [f"{number}{letter}" for letter in _LETTERS[:count]]
