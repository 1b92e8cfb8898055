"""Format values for people and programs, as lines, JSON, tables and graphs."""
