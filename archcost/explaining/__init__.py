"""A layer's arithmetic with its own numbers, a scope as the sum of its parts, a model in ten lines.

Formulas are trees of symbols with values: what is printed is what is computed, and tests hold the results against the
engine's figures for every op.
"""
