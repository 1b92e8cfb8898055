"""Format BTF as C text that clang compiles to the same sizes and offsets.

``names`` manages C's name spaces, ``declare`` writes declarations, ``definition`` writes the bodies
of types, ``packing`` finds the padding and attributes that put each member at its offset, ``order``
sorts definitions by dependency, and ``header`` generates the whole header.
"""
