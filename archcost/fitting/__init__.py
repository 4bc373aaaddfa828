"""Will it fit: what a model needs under settings, against what devices have."""
