; Call a helper that tc programs have.

.license "GPL"

.program helper_of_another_type, "tc"
        r2 = 64
        r3 = 0
        call skb_change_tail
        r0 = 0
        exit
