; The program returns a number that means nothing.
;
; A cgroup's program for new sockets returns 0 (refuse) or 1 (allow). What the kernel would do
; with other numbers is not defined, so it wants proof that there are none. Look at r0 at exit.
;
; rawbpf: rule RB-V051

.license "GPL"

.program wrong_result, "cgroup/sock_create"
        r0 = 5
        exit
