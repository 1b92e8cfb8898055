"""Maps in plain Python, a kind a file; ``create`` makes one from its spec."""
