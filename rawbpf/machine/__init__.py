"""A pure-Python eBPF interpreter, which runs programs without a kernel and can step backward.

The modules are best read in this order:

    arithmetic                │ what instructions compute: tables of operations and conditions
    region, memory            │ an address space, and the errors of invalid accesses
    unset                     │ what an unwritten register contains
    inputs                    │ the context of a program, and the world that it can ask about
    frames                    │ calls, callbacks and returns
    maps/                     │ one family of map types per module
    state                     │ everything that a running program can reach
    code, site, decode*       │ instructions become steps: functions that know their operands
    helpers/                  │ one family of helpers per module
    machine                   │ the loop that runs the steps
    settings                  │ a whole object, with data sections and map contents
    stepper, snapshot         │ stepping forward and back, and what changed

The tests in tests/kernel/test_machine_*.py compare the interpreter with the kernel, on both random
and hand-written programs. The interpreter does not verify programs: an error that the verifier
would report in advance stops the program only when the faulty instruction is executed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.front_door import front_door

if TYPE_CHECKING:
    from rawbpf.machine.inputs import Context, World, kprobe, kretprobe, raw, skb, xdp
    from rawbpf.machine.machine import Machine
    from rawbpf.machine.settings import Settings
    from rawbpf.machine.snapshot import Change, Snapshot, changes
    from rawbpf.machine.stepper import Stepper

__all__ = [
    "Change",
    "Context",
    "Machine",
    "Settings",
    "Snapshot",
    "Stepper",
    "World",
    "changes",
    "kprobe",
    "kretprobe",
    "raw",
    "skb",
    "xdp",
]

_HOMES = {
    "Change": "rawbpf.machine.snapshot",
    "Context": "rawbpf.machine.inputs",
    "Machine": "rawbpf.machine.machine",
    "Settings": "rawbpf.machine.settings",
    "Snapshot": "rawbpf.machine.snapshot",
    "Stepper": "rawbpf.machine.stepper",
    "World": "rawbpf.machine.inputs",
    "changes": "rawbpf.machine.snapshot",
    "kprobe": "rawbpf.machine.inputs",
    "kretprobe": "rawbpf.machine.inputs",
    "raw": "rawbpf.machine.inputs",
    "skb": "rawbpf.machine.inputs",
    "xdp": "rawbpf.machine.inputs",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
