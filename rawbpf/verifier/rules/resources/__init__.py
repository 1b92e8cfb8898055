"""Rules about references, locks, iterators and other objects with a lifetime."""
