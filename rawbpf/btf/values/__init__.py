"""Convert values of BTF types between bytes and Python objects.

Call ``codec(btf, type_id)`` to get an object that converts values of a type. Integers are
represented by int, structs and sections by dict, and arrays by list. A ``char`` array becomes the
bytes before its first NUL, and any other array of bytes becomes bytes. A union becomes a dict of
all of its members, which share the same bytes.
"""
