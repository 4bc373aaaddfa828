"""Report, budgets, baseline -> Verdict: what a model may cost, and whether it does.

:mod:`config` reads the limits of a repository, :mod:`baseline` and :mod:`lockfile` keep the figures that growth is
measured from, :mod:`judge` holds a report against both, and :mod:`verdict` is what comes of it. The limits themselves
are of the spec language: :mod:`archcost.spec.limits`.
"""
