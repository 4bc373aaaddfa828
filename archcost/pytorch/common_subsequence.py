"""The heaviest common subsequence of two rows, by Needleman and Wunsch. Imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CELLS = 4_000_000  # of the table, some seconds; beyond it only both ends are aligned


def heaviest_common(n: int, m: int, weight: Callable[[int, int], int], full: int) -> list[tuple[int, int]]:
    """The pairs (i, j), growing in both, of the greatest total weight; 0 is no pair, ``full`` the most there is."""
    start = 0
    while start < min(n, m) and weight(start, start) == full:
        start += 1
    end = 0
    while end < min(n, m) - start and weight(n - 1 - end, m - 1 - end) == full:
        end += 1
    rows, columns = n - start - end, m - start - end
    middle = _table(rows, columns, lambda i, j: weight(start + i, start + j)) if rows * columns <= MAX_CELLS else []
    return [
        *[(k, k) for k in range(start)],
        *[(start + i, start + j) for i, j in middle],
        *[(n - k, m - k) for k in range(end, 0, -1)],
    ]


def _table(rows: int, columns: int, weight: Callable[[int, int], int]) -> list[tuple[int, int]]:
    """Needleman and Wunsch's table, gaps being free, walked back from its end."""
    best = [0] * (columns + 1)
    moves = []
    for i in range(rows):
        row, move = [0] * (columns + 1), bytearray(columns)
        for j in range(columns):
            over, left = best[j + 1], row[j]
            value, step = (over, 1) if over >= left else (left, 2)
            pair = weight(i, j)
            if pair and best[j] + pair > value:
                value, step = best[j] + pair, 0
            row[j + 1], move[j] = value, step
        best = row
        moves.append(move)
    pairs = []
    i, j = rows, columns
    while i and j:
        step = moves[i - 1][j - 1]
        if step == 0:
            pairs.append((i - 1, j - 1))
        i, j = i - (step != 2), j - (step != 1)  # noqa: PLR2004 - the steps above
    return pairs[::-1]
