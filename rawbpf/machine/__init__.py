"""A machine of Python that runs eBPF programs without a kernel, to look at what they do.

Read it in this order:

    arithmetic, conditions     what instructions compute; two tables
    region, memory, fault      an address space, and what is wrong with an access
    unset                      what stands in a register that was not written
    site, decode*              instructions become steps, functions that know their operands
    frames                     calls, callbacks and returns
    maps/, helpers/            a kind of map, and a family of helpers, a file
    code, machine              programs one behind the other, and the loop that runs them
    context, world, settings   what a program is called with, and what it can ask about
    stepper, snapshot          forward and back, and what changed

That it does what the kernel does is shown by tests/kernel/test_machine_*.py, on random programs and
on written ones. What the verifier would refuse, the machine stops only when it comes to pass.
"""
