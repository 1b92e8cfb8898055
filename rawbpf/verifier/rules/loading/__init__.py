"""Rules about load-time errors: instructions, types, relocations and privileges."""
