"""Trace kernel functions: the lesson's program, and an object that loads, attaches and reads it."""
