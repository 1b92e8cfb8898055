; Load the program as sleepable.

.license "GPL"

.program sleep_in_atomic, "lsm.s/bprm_committed_creds"
        r1 = r10
        r1 += -8
        r2 = 8
        r3 = 0
        call copy_from_user
        r0 = 0
        exit
