"""Specifications: immutable descriptions of maps, programs, probes and objects.

A spec is a plain value: creating one needs no privileges, and it can be compared, copied and
changed with ``_replace``. Loading and attaching turn specs into objects that own file descriptors.
"""
