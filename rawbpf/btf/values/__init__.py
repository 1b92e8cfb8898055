"""Convert values of BTF types between bytes and Python objects.

Start with ``codec(btf, type_id)``. An integer is an int, a struct or a section is a dict, and an
array is a list. A ``char`` array is bytes up to its first NUL, and any other array of bytes is
bytes. A union is a dict of all of its members, which share the same bytes.
"""
