"""Decode a record's bytes as a log record or as a struct described by BTF."""
