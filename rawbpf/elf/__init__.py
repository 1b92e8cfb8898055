"""ELF objects: specs written as the files that clang would have made, and read again."""
