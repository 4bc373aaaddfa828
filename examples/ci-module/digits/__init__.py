"""A package with a network, as a team has it: nothing in it knows of archcost."""
