"""The helpers that programs call, a family a file, all in one table (`table.py`)."""
