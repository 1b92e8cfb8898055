"""Rules about calls: helpers, kfuncs, functions of the program, and arguments."""
