; An XDP program in mnemonic syntax. It drops every third packet that is plain IPv4 or has a
; VLAN tag. It shows data, a local function, and packet access that the verifier accepts.

.license "Dual MIT/GPL"

.equ DATA, 0                                ; offsets in struct xdp_md
.equ DATA_END, 4
.equ ETHERTYPE, 12                          ; offset in an Ethernet header
.equ HEADER, 14
.equ ETH_P_IP, 0x0800
.equ ETH_P_8021Q, 0x8100

.map seen, percpu_array, key=u32, value=u64, entries=1

.rodata
every:  .long 3

.program drop_every_third, "xdp"
        ldxw  r2, [r1 + DATA]
        ldxw  r3, [r1 + DATA_END]
        mov   r4, r2
        add   r4, HEADER
        jgt   r4, r3, pass                  ; shorter than an Ethernet header
        ldxh  r1, [r2 + ETHERTYPE]
        be16  r1
        jeq   r1, ETH_P_IP, count
        jne   r1, ETH_P_8021Q, pass
count:  call  next
        lddw  r1, every
        ldxw  r1, [r1]
        mod   r0, r1
        jne   r0, 0, pass
        mov   r0, XDP_DROP
        exit
pass:   mov   r0, XDP_PASS
        exit

.function next                              ; r0 = number of packets seen on this CPU, including this one
        stw   [r10-4], 0
        lddw  r1, seen
        mov   r2, r10
        add   r2, -4
        call  map_lookup_elem
        jeq   r0, 0, none
        ldxdw r1, [r0]
        add   r1, 1
        stxdw [r0], r1
        mov   r0, r1
none:   exit
