; Let a helper move the start of the packet.

.license "GPL"

.program read_only_field, "xdp"
        r2 = 0
        call xdp_adjust_head
        r0 = XDP_PASS
        exit
