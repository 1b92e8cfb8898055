"""Rules for load-time errors: instructions, types, relocations and privileges."""
