"""What would make a model cheaper: rewrites known from papers, where they apply, what they save, and the changed spec.

A :class:`~archcost.suggesting.rewrite.Rewrite` looks at one layer of a graph and says, as a
:class:`~archcost.suggesting.edits.LocalChange`, what becomes of the steps there. All else is the same for all rewrites:
which layers come from one step and change together, the text of the changed spec, and what it costs, which is what
``analyze`` says of that text.

::

    ground = grounded(report.graph, folder=".", name="cheaper")     # grounds.py: the spec in one piece, as a text
    view = View(ground.graph)                                        # view.py
    changes = [change for node in … if (change := rewrite.at(view, node))]
    suggestions = grouped(ground.uses, rewrite, changes)             # places.py: Suggestion(rewrite, changes)
    made = rewritten(ground, suggestions)                            # rewriting.py: Rewritten(text, report, notes)

Indices of nodes are those of the graph that the ground was made of. What cannot be written, or changes the shape of a
layer that it says nothing of, is an :class:`~archcost.suggesting.yaml_text.UnwritableError` with the reason.
"""
