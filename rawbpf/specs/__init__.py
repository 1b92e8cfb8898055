"""Blueprints: what a map or a program shall be, before the kernel has made one.

A spec is a value. It can be made without root, copied, compared, and changed by ``_replace``;
loading turns it into an object that owns a file descriptor.
"""
