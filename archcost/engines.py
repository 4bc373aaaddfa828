"""The engines for microcontrollers, by name."""

from __future__ import annotations

TINYENGINE = "tinyengine"  # as its sources are
TINYENGINE_2020 = "tinyengine-2020"  # as its authors measured it before they opened them
ENGINES = (TINYENGINE, TINYENGINE_2020)
