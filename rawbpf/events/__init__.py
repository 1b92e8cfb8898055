"""Decode the bytes of a record: a log record, or a struct described by BTF."""
