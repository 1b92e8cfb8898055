"""Format values as text for people and programs: lines, JSON, tables, graphs."""
