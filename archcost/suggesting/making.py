"""From a report to suggestions: where rewrites apply, what each saves, and which to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import CallError, UsageError, did_you_mean, suggestion
from archcost.paths import PathPattern, scopes, unmatched_help
from archcost.suggesting.choosing import choose, reach
from archcost.suggesting.goals import read_target
from archcost.suggesting.ranking import ranked
from archcost.suggesting.rewrite import REWRITES, Boldness
from archcost.suggesting.sites import sites_of
from archcost.suggesting.suggestion import Looked, Suggestion, Suggestions, Target, Together, alternative_numbers
from archcost.suggesting.trials import WORK, Trials

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.analysis.report import Report
    from archcost.suggesting.choosing import Choice
    from archcost.suggesting.goals import Goal
    from archcost.suggesting.rewrite import Rewrite

BOLDNESS = {one.name.lower(): one for one in Boldness}  # by the word that people use, the mildest first
_ALTERNATIVES = 6  # that are told of a choice
_FINDS = 2_000_000  # nodes that are looked at, each once for a rewrite
_ROUNDS = 6  # plans for a figure that does not add up


class Wanted(NamedTuple):
    """Which suggestions are wanted: below patterns of paths, of some rewrites, no bolder than one word says."""

    at: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    boldness: str = "bold"


def all_rewrites() -> dict[str, type[Rewrite]]:
    """Every rewrite by its name."""
    import archcost.suggesting.rewrites  # noqa: F401 - its modules register them

    return REWRITES


def suggestions_of(
    report: Report,
    goal: Goal,
    wanted: Wanted = Wanted(),  # noqa: B008 - it is frozen
    *,
    target: str | None = None,
    shown: int | None = None,
    allowed: int = WORK,
) -> Suggestions:
    """What would make a model cheaper, and with a ``target`` which of it to take.

    ``shown`` bounds how many are listed, ``allowed`` the work, as a number of layers that are analysed.
    Raises UsageError for words and patterns that name nothing, and a model that is not whole.
    """
    if not report.complete:
        raise UsageError(f"{report.name} is not whole, so nothing can be suggested")
    chosen = _rewrites(wanted)
    nodes = _nodes(report, wanted.at, len(chosen))
    trials = Trials(report, goal, allowed)
    asked = None if target is None else Target(target, read_target(target, goal.metric, trials.now.of(goal.metric)))
    sites = list(sites_of(trials.ground, chosen, nodes))
    options, tried = ranked(trials, sites)
    choices = choose(options)
    found = _suggestions(choices, trials)
    plan = None if asked is None else _plan(trials, choices, found, asked)
    return Suggestions(trials, found, Looked(tried, len(sites)), target=asked, plan=plan, shown=shown)


def _rewrites(wanted: Wanted) -> list[type[Rewrite]]:
    """The rewrites of some names, or all, that are not too bold."""
    known = all_rewrites()
    for name in wanted.only:
        if name not in known:
            hint = suggestion(name, list(known), "rewrites") or "`archcost suggest --list` has all"
            raise CallError(f"there is no rewrite '{name}'", hint)
    if wanted.boldness not in BOLDNESS:
        raise CallError(
            f"a boldness is one of {', '.join(BOLDNESS)}, not '{wanted.boldness}'",
            did_you_mean(wanted.boldness, list(BOLDNESS)),
        )
    mild = list(BOLDNESS)[: list(BOLDNESS).index(wanted.boldness) + 1]
    allowed = {BOLDNESS[word] for word in mild}
    return [one for name, one in known.items() if one.boldness in allowed and name in (wanted.only or known)]


def _nodes(report: Report, patterns: Iterable[str], rewrites: int) -> list[int]:
    """The layers at and below what patterns name, all of them without a pattern; of very many the costliest."""
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
    if len(nodes) > most:
        layers = report.layers
        nodes.sort(key=lambda node: (-layers[node].costs.macs, -layers[node].costs.params))
        nodes = sorted(nodes[:most])
    return nodes


def _suggestions(choices: Sequence[Choice], trials: Trials) -> list[Suggestion]:
    """The choices with their alternatives, numbered in their order."""
    found = []
    for number, choice in enumerate(choices, 1):
        others = choice.others[:_ALTERNATIVES]
        numbers = alternative_numbers(number, len(others))
        beside = [Suggestion(word, one.site, trials) for word, one in zip(numbers, others, strict=True)]
        found.append(Suggestion(str(number), choice.option.site, trials, beside))
    return found


def _plan(trials: Trials, choices: Sequence[Choice], found: Sequence[Suggestion], target: Target) -> Together:
    """The suggestions that come to a target, by an analysis of all of them together.

    Where that leaves more than their sum promises, as with a peak of memory, the next plan is to leave less.
    """
    by_place = {id(one.site): one for choice in found for one in (choice, *choice.alternatives)}
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
