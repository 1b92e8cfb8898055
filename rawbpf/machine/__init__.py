"""A pure-Python eBPF interpreter: runs programs without a kernel, forward and back.

Read it in this order:

    arithmetic                 what instructions compute: tables of operations and conditions
    region, memory             an address space, and the errors of invalid accesses
    unset                      what an unwritten register contains
    inputs                     the context of a program, and the world that it can ask about
    frames                     calls, callbacks and returns
    maps/                      one family of map types per module
    state                      everything that a running program can reach
    code, site, decode*        instructions become steps: functions that know their operands
    helpers/                   one family of helpers per module
    machine                    the loop that runs the steps
    settings                   a whole object, with data sections and map contents
    stepper, snapshot          stepping forward and back, and what changed

tests/kernel/test_machine_*.py compare the interpreter with the kernel, on random programs and on
written ones. It does not verify programs: an error that the verifier would find in advance stops
the program only when it is reached.
"""
