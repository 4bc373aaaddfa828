"""Report, budgets, baseline -> Verdict: whether a model stays within its budgets.

:mod:`check` judges specs and :mod:`record` records them, each from its configuration to its result; nothing is printed
here. :mod:`cases` is one spec of a check, :mod:`parallel` many of them with a process a core, :mod:`past_figures` and
:mod:`missing_specs` are what a baseline has of them, and :mod:`latency` is what they take on a machine.

:mod:`config` reads the limits of a repository, :mod:`baseline` and :mod:`lockfile` keep the figures that growth is
measured from, :mod:`judge` holds a report against both, and :mod:`verdict` is what comes of it. The limits themselves
are of the spec language: :mod:`archcost.spec.budget_limits`.
"""
