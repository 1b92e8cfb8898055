; The first program: send "kprobe triggered!" each time the function is called.
;
; A program cannot print. Instead, it builds a record on its stack and sends it to the ring of its
; CPU. It counts the result of each send, because only the program learns that a ring is full.
;
; `rawbpf kprobe` builds a faster program in Python. It sends the number of the text instead of the
; text, wakes the reader only if the reader sleeps, and counts successes without calling a helper.
;
;   r10 - 80        r10 - 72                             r10 - 24            r10
;   | key | unused  | header, 48 bytes                   | text, 17 of 24    |

.license "Dual MIT/GPL"

.equ KEY,       -80
.equ RECORD,    -72
.equ KTIME,     RECORD + 8                  ; the fields of the header
.equ PID_TGID,  RECORD + 16
.equ CPU,       RECORD + 24
.equ COMM,      RECORD + 32
.equ TEXT,      RECORD + 48

.equ INFO,      3                           ; the level
.equ TEXT_SIZE, 17
.equ LENGTH,    48 + TEXT_SIZE              ; without padding
.equ HEAD,      TEXT_SIZE << 48 | INFO << 32 | LENGTH
.equ LARGEST,   127                         ; larger errnos are counted here, too

.map events,   perf_event_array
.map outcomes, percpu_array, key=4, value=8, entries=LARGEST + 1

.program hello_kprobe, "kprobe"
        r6 = r1                             ; save the context, because calls overwrite r1
        r1 = HEAD ll
        *(u64 *)(r10 + RECORD) = r1
        call ktime_get_ns
        *(u64 *)(r10 + KTIME) = r0
        call get_current_pid_tgid
        *(u64 *)(r10 + PID_TGID) = r0
        call get_smp_processor_id
        *(u64 *)(r10 + CPU) = r0
        r1 = r10
        r1 += COMM
        r2 = 16
        call get_current_comm
        r1 = 'kprobe t' ll                  ; eight bytes of text at a time
        *(u64 *)(r10 + TEXT) = r1
        r1 = 'riggered' ll
        *(u64 *)(r10 + TEXT + 8) = r1
        r1 = '!' ll
        *(u64 *)(r10 + TEXT + 16) = r1

        r1 = r6                             ; perf_event_output(context, events, this CPU's ring,
        r2 = events ll                      ;                   record, its size)
        r3 = BPF_F_CURRENT_CPU ll
        r4 = r10
        r4 += RECORD
        r5 = -RECORD
        call perf_event_output

        r0 = -r0                            ; outcomes[errno] += 1; entry 0 counts successes
        if r0 <= LARGEST goto known
        r0 = LARGEST
known:  *(u32 *)(r10 + KEY) = r0
        r1 = outcomes ll
        r2 = r10
        r2 += KEY
        call map_lookup_elem
        if r0 == 0 goto out                 ; the verifier requires this check
        r1 = *(u64 *)(r0 + 0)
        r1 += 1
        *(u64 *)(r0 + 0) = r1
out:    r0 = 0
        exit
