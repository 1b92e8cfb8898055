"""What the program was loaded with: instructions, types, relocations, privileges."""
