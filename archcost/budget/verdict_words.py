"""The words of a verdict: what is the matter, by which rule, and why."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """How serious a finding is; only ``fail`` makes a check fail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    NEW = "new"
    RENAMED = "renamed"
    GONE = "gone"
    STALE = "stale"
    INCONCLUSIVE = "inconclusive"
    NOT_MEASURED = "not measured"


class Rule(StrEnum):
    """What was judged: an absolute limit, a growth limit, the baseline's state, an expected figure, a limit's use."""

    MAXIMUM = "maximum"
    GROWTH = "growth"
    BASELINE = "baseline"
    EXPECT = "expect"
    UNUSED = "unused"


class Cause(StrEnum):
    """Why a baseline is stale, or has no figures to compare with."""

    NONE = ""
    CHANGED = "changed"  # the spec's text, and its figures
    TEXT = "text"  # the spec's text, not its figures
    RECOUNTED = "recounted"  # the figures, not the text: another version counted them
    UNKNOWN = "unknown"  # of some layers nobody has declared the figure
    NEW = "new"  # the baseline does not have the spec
    BROKEN = "broken"  # the spec is wrong at the baseline's revision
    SETTINGS = "settings"  # it cannot be analysed there as it is here
    UNREADABLE = "unreadable"  # it is there, and cannot be read: not fetched, a pointer, too large, no file
    OUTSIDE = "outside"  # it is no file of the repository
    ZOO = "zoo"  # it comes with archcost, and is no file of the repository
    STDIN = "standard input"
    IMPORTED = "imported"  # it is no file, and what makes it is not run at a revision
    NEW_LAYER = "new layer"  # the baseline has the spec, and nothing at this path, or of this metric
    NO_PACE = "no latency"  # no latency is recorded for this machine
    NARROW = "narrow"  # the pattern of a limit passes over layers that it would name if its wildcards crossed dots
    NOT_ASKED = "not asked"  # expected figures are not met, and were not to be judged


NO_BASELINE = frozenset(
    {
        *(
            Cause.NEW,
            Cause.BROKEN,
            Cause.SETTINGS,
            Cause.UNREADABLE,
            Cause.OUTSIDE,
            Cause.ZOO,
            Cause.STDIN,
        ),
        *(Cause.IMPORTED, Cause.NEW_LAYER, Cause.NO_PACE),
    }
)


class Behind(StrEnum):
    """How the layers of a finding contribute to its figure."""

    HEAVIEST = "heaviest"
    GREW = "grew most"
    AT_PEAK = "at peak"
