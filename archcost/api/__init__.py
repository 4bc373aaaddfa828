"""The functions of the public API: one for every command, which returns the value that the command prints.

They are reached as ``archcost.analyze`` and so on; each loads what it needs when it is called.
"""
