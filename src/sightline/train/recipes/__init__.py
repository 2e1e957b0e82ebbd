"""Recipes: the numbers of a run, one file a run. Each says the command, the wall time and what to expect."""
