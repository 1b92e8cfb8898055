"""Rules about errors at load time: instructions, types, relocations and privileges."""
