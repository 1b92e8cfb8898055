"""Calls: helpers, kfuncs, functions of the program, and their arguments."""
