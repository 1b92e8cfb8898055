"""Values laid out as BTF says: bytes to Python and back.

``codec(btf, type_id)`` is where to begin. An integer is an int, a struct or a section's variables
a dict, an array a list; ``char`` arrays are bytes up to their first NUL, arrays of other bytes are
bytes. A union is a dict of all its members, each a view of the same bytes.
"""
