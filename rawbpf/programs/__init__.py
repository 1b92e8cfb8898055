"""Load programs, and work with programs that are loaded: run them, show them, ask about them."""
