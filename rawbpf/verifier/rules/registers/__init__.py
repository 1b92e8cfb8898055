"""Registers: uninitialized values, arithmetic, and values of the wrong kind."""
