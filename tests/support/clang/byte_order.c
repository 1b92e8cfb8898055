/* Byte swaps. Before CPU v4, clang uses be and le for them. */
unsigned short swap16(unsigned short *p) { return __builtin_bswap16(*p); }
unsigned int swap32(unsigned int *p) { return __builtin_bswap32(*p); }
unsigned long long swap64(unsigned long long *p) { return __builtin_bswap64(*p); }
