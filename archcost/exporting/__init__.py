"""Report to source: readable, standalone programs that build the same model. Nothing here imports torch.

Six floors; what is on one imports from those below it, annotations apart:

1. :mod:`source_lines` lays text out as ``ruff format`` would do it, :mod:`names` writes names and values, and
   :mod:`own_layers` reads the layers that torch.nn lacks from :mod:`archcost.pytorch.layers`, as text.
2. :mod:`template` holds the data that all others work on, and :mod:`functions` writes calls and operations.
3. The table :mod:`ops` says what each op looks like, and :mod:`parameters` makes parameters of whatever differs between
   the uses of a class.
4. The graph becomes a tree of members (:mod:`module_tree`), uses of a block with the same structure become one class
   (:mod:`classes`), and :mod:`forward` writes forward passes.
5. Classes are held as templates (:mod:`plans`), and :mod:`constructors` writes what builds them.
6. :mod:`source` puts a module together.
"""
