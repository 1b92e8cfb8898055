"""Packet memory."""
