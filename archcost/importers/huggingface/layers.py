"""What differs from layer to layer, as a short list of a spec."""

from __future__ import annotations

from archcost.importers.form import Worded

_LONGEST = 4  # flags of a pattern that comes again


def repeated(flags: list[bool]) -> Worded:
    """A value for each layer as an expression: runs of equal ones, or a pattern that comes again and again."""
    for length in range(1, min(_LONGEST, len(flags) // 2) + 1):
        pattern, rest = flags[:length], len(flags) % length
        if flags == pattern * (len(flags) // length) + pattern[:rest]:
            whole = f"{pattern} * {len(flags) // length}"
            return Worded(f"{whole} + {pattern[:rest]}" if rest else whole)
    runs: list[tuple[bool, int]] = []
    for flag in flags:
        count = runs.pop()[1] if runs and runs[-1][0] == flag else 0
        runs.append((flag, count + 1))
    return Worded(" + ".join([f"[{flag}] * {count}" for flag, count in runs]))
