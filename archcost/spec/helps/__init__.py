"""Ways out of mistakes in specs: what people write elsewhere, and what it is here.

Nothing here is imported before an error is told. :mod:`archcost.spec.helps.synonyms` is the one table of words;
the other modules make of it, and of what the user wrote, the step that was meant.
"""
