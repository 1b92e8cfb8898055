"""References, locks, iterators and other objects with a lifetime."""
