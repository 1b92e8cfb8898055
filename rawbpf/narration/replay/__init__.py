"""Repeat recorded calls and compare their results."""
