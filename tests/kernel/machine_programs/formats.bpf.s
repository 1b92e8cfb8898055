; kernel 5.13
; Formats of snprintf: widths, flags, lengths, signs, truncated text, and invalid formats.

.license "GPL"
.rodata
numbers:    .asciz "%d %i %u|%x %X|%5d|%-5d|%05d|%+d"
longs:      .asciz "%ld %lu %lx %lld %llx %%"
refused:    .asciz "%q"
too_many:   .asciz "%d %d"
.data
result:     .zero 256
values:     .quad -1, 42, 4294967295, 255, 48879, 7, 7, 7, 7
long_ones:  .quad -1, -1, -1, -9223372036854775808, 81985529216486895

.program formats, "tc"
        r6 = result ll
        r1 = result ll
        r2 = 64
        r3 = numbers ll
        r4 = values ll
        r5 = 72
        call snprintf
        *(u64 *)(r6 + 192) = r0
        r1 = result ll
        r1 += 64
        r2 = 100
        r3 = longs ll
        r4 = long_ones ll
        r5 = 40
        call snprintf
        *(u64 *)(r6 + 200) = r0
        r1 = result ll
        r1 += 164
        r2 = 8                              ; room for seven characters
        r3 = longs ll
        r4 = long_ones ll
        r5 = 40
        call snprintf
        *(u64 *)(r6 + 208) = r0
        r0 = 0
        exit
