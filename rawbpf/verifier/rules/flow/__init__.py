"""Control flow: jumps, loops, exits, and the program's size."""
