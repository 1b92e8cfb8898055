"""Attachments: what makes a loaded program run, and for how long."""
