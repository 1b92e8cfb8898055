"""Memory accesses: bounds, alignment, NULL, and memory that is read-only."""
