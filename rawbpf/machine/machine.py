"""The interpreter: a program's state, and the loop that executes its steps.

    start       │ reset all registers; r1 = context, r10 = end of the stack
    advance(n)  │ run at most n instructions; single-stepping is advance(1)
    run         │ start, then advance to the end

Two machines with the same program and equal worlds behave identically.

>>> from rawbpf.asm import Builder, r0, r1
>>> from rawbpf.machine.inputs import raw
>>> b = Builder("double")
>>> b.ldxdw(r0, r1[0])
>>> b.add(r0, r0)
>>> b.exit()
>>> Machine(b.build()).run(raw((21).to_bytes(8, "little")))
42
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.code import Code
from rawbpf.machine.decode import decode
from rawbpf.machine.frames import Finished
from rawbpf.machine.inputs import Context, World, raw
from rawbpf.machine.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.machine.code import Where
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["BUDGET", "Machine"]

BUDGET = 10_000_000
"""The number of instructions after which a program is assumed to loop forever."""


class Machine(State):
    """Interprets ``program``, using the maps that ``maps`` specifies.

    Maps keep their contents between runs.

    ``contents``: map -> its only value at the start, for global variables.
    With ``check_stack``, a program is stopped if it reads stack bytes that it has not written.
    Kernels before 6.3 reject programs that read uninitialized stack memory; newer kernels, and
    stable kernels with the backport, allow privileged programs to do so (6715df8d5d24, "bpf: Allow
    reads from uninit stack").
    """

    def __init__(
        self,
        program: Bytecode,
        maps: Iterable[MapSpec] = (),
        world: World | None = None,
        *,
        contents: Mapping[str, bytes] | None = None,
        check_stack: bool = False,
    ) -> None:
        code = Code(lambda program, start: decode(program, self, start))
        super().__init__(
            code, maps, world or World(), contents=contents or {}, check_stack=check_stack
        )
        self._entry = code.link(program)
        self.start()

    def start(self, context: Context | None = None) -> None:
        """Prepare a run; ``context`` defaults to an empty context."""
        self.reset(context or raw())
        self.steps = 0
        self.finished = False
        self.index = self.frames.enter(self._entry, self._entry)

    def run(self, context: Context | None = None, *, budget: int = BUDGET) -> int:
        """Run the program from start to finish and return r0.

        Raises MachineError if the program fails, or if it has not ended after ``budget``
        instructions.
        """
        self.start(context)
        self.advance(budget)
        if not self.finished:
            raise self._located(
                MachineError(
                    f"the program did not end within {budget} instructions",
                    why="the program probably contains an endless loop",
                )
            )
        return self.registers[0]

    def advance(self, count: int, stops: AbstractSet[int] = frozenset()) -> None:
        """Run up to ``count`` instructions.

        Stop early at the end of the program or before an index in ``stops``.
        """
        if self.finished:
            return
        steps, registers, index, done = self.code.steps, self.registers, self.index, 0
        try:
            for done in range(1, count + 1):  # noqa: B007 -- used after the loop
                index = steps[index](registers)
                if index in stops:
                    break
        except Finished:
            leak = self._unreleased()
            if leak is not None:
                done -= 1  # the verifier rejects such an exit, so the instruction is not counted
                self.index = index
                raise self._located(leak) from None
            self.finished = True
        except MachineError as error:
            done -= 1  # the instruction had no effect
            self.index = index
            raise self._located(error) from None
        except KeyboardInterrupt:
            done -= 1  # the instruction may have been executed partially
            raise
        finally:
            self.index = index
            self.steps += done

    def _unreleased(self) -> MachineError | None:
        """Return an error if the program still holds a ring buffer record when it exits."""
        for ring, _, _ in self.reserved.values():
            what = (
                f"a record of {ring.spec.name!r} was reserved, but neither submitted nor discarded"
            )
            return MachineError(what, why="the kernel's verifier rejects such programs")
        return None

    def _located(self, error: MachineError) -> MachineError:
        error.where = str(self.where)
        return error

    @property
    def where(self) -> Where:
        """The location of the next instruction."""
        return self.code.where(self.index)
