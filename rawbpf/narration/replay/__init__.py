"""Replay recorded calls and compare their results."""
