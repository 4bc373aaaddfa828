"""What would make a model cheaper: rewrites known from papers, where they apply, what they save, and the changed spec.

A :class:`~archcost.suggesting.rewrite.Rewrite` looks at one layer of a graph and says, as a
:class:`~archcost.suggesting.edits.Change`, what becomes of the steps there. All else is the same for all rewrites:
which layers come from one step and change together, the text of the changed spec, and what it costs, which is what
``analyze`` says of that text.
"""
