"""Exact answers about a space without listing its designs, from the sums and conditions of its tables alone.

Counting, fronts and sampling are elimination (``solving.py``) over one ring or another. Modules here need numpy: who
imports them does so at call time.
"""
