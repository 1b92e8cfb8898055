"""Commands that take object files and bytecode apart, and load them."""
