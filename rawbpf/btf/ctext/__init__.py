"""BTF as C text that clang compiles to the same sizes and offsets.

``names`` keeps C's name spaces apart, ``declare`` writes one declaration, ``packing`` finds the
padding and attributes that put each member where BTF says it is, ``order`` finds what must come
before what, ``header`` puts it all together.
"""
