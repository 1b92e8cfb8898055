"""Format values for people and programs: lines, JSON, tables and graphs."""
