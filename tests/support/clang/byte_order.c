/* Swapping, which before cpu v4 goes through be and le. */
unsigned short swap16(unsigned short *p) { return __builtin_bswap16(*p); }
unsigned int swap32(unsigned int *p) { return __builtin_bswap32(*p); }
unsigned long long swap64(unsigned long long *p) { return __builtin_bswap64(*p); }
