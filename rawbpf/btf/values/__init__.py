"""Values of BTF types: from bytes to Python and back.

Start with ``codec(btf, type_id)``. An integer is an int; a struct or a section is a dict; an array
is a list. A ``char`` array is bytes up to its first NUL, an array of other bytes is bytes. A union
is a dict of all members, which share the same bytes.
"""
