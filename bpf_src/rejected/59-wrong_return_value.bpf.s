; The program returns a value that is not allowed.
;
; A cgroup program for new sockets returns 0 (deny) or 1 (allow). The effect of other values is
; undefined, so the verifier requires proof that the program never returns them. Look at r0 at exit.
;
; rawbpf: rule RB-V051

.license "GPL"

.program wrong_return_value, "cgroup/sock_create"
        r0 = 5
        exit
