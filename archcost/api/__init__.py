"""The functions of the public API: one for every command, which returns the value that the command prints.

They are reached as ``archcost.analyze`` and so on; each loads what it needs when it is called. No room of the package
may have the name of one: a submodule is bound as an attribute of its package, in the function's place.
"""
