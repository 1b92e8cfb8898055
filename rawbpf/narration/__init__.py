"""System call narration: explain, dump, record and replay the calls that rawbpf makes.

The folders are best read in this order:

    capture/call           │ a Call: its words, the memory they point to, and its result
    capture/recorder       │ observes the gate and produces a Call for each system call
    tell/line, tell/dump   │ a Call as strace(1) would print it, or byte by byte
    tell/reasons_*         │ one sentence that says why the call is made
    tell/json_line         │ a Call as JSON, and back
    replay/session         │ makes recorded calls again and compares the results
    script/writer          │ writes recorded calls as a Python script of their own

All folders except ``capture`` use only Call objects, and therefore also work with recordings.
"""
