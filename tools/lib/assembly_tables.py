"""Generate the tables in docs/reference/assembly.md from the instruction forms and directives."""

import re
from collections.abc import Callable, Iterable

from markdown_table import table

from rawbpf.asm.form import Form
from rawbpf.asm.forms import FORMS
from rawbpf.asm.jump_forms import JUMPS
from rawbpf.asm.memory_forms import ATOMICS, MEMORY
from rawbpf.asm.value_forms import ARITHMETIC, CONSTANTS
from rawbpf.source.data_section import DIRECTIVES
from rawbpf.source.directives import INTEGERS

_NUMBERS = {"low": "number", "high": "offset", "imm": "imm", "off": "off"}

_SHOWN: dict[str, Callable[[str], str]] = {
    "r": lambda field: f"r{field[0].upper()}",
    "w": lambda field: f"w{field[0].upper()}",
    "mem": lambda field: f" + {_NUMBERS[field]}",
    "disp": lambda field: f"+{field}",
    "beyond": lambda field: f" + {field}",
    "pc": lambda _: "pc+distance",
    "target": lambda _: "target",
    "callee": lambda _: "function",
    "helper": lambda _: "helper",
    "id": lambda _: "function",
    "index": lambda _: "index",
    "fd": lambda _: "number",
}


def shown(pattern: str) -> str:
    """Return a pattern in which operands have readable names: rD, wS, imm, off, target.

    >>> shown("{dst:w} += {imm:w32}"), shown("ldxw {dst:r}, [{src:r}{off:disp}]")
    ('wD += imm', 'ldxw rD, [rS+off]')
    """

    def show(operand: re.Match[str]) -> str:
        field, kind = operand[1], operand[2]
        return _SHOWN[kind](field) if kind in _SHOWN else _NUMBERS[field]

    return re.sub(r"\{(\w+):(\w+)\}", show, pattern)


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _fixed(form: Form) -> str:
    """Return the opcode and the fixed fields of an instruction form."""
    fields = (("src", form.src), ("off", form.off), ("imm", form.imm))
    parts = [f"{name} {value:#x}" if value > 64 else f"{name} {value}" for name, value in fields
             if value]  # fmt: skip
    return ", ".join([f"`{form.opcode:02x}`", *parts])


def _forms(forms: Iterable[Form]) -> str:
    return table(
        "C-like | mnemonic | meaning | opcode | cpu | Linux",
        (
            (
                _code(shown(form.c)),
                _code(shown(form.mnemonic)),
                form.meaning.replace("|", "\\|"),
                _fixed(form),
                f"v{form.cpu}",
                form.kernel,
            )
            for form in forms
        ),
    )


def _only_read() -> str:
    """Return the table of spellings that are accepted but never written."""
    rows = []
    for form in FORMS:
        others = [pattern for pattern in (form.w, *form.also) if pattern]
        if others:
            rows.append((_code(shown(form.c)), ", ".join(_code(shown(one)) for one in others)))
    return table("spelling | also accepted", rows)


def _data() -> str:
    widths = {".byte": 1, ".half": 2, ".short": 2, ".word": 4, ".long": 4, ".quad": 8}
    meanings = {
        ".ascii": 'text in quotes: `"a"`, `"b\\n"`',
        ".asciz": "the same as `.ascii`, but each string is followed by a zero byte",
        ".string": "the same as `.asciz`",
        ".zero": "the given number of zero bytes",
    }
    meanings |= {
        name: f"numbers of {width} byte{'s' * (width > 1)}, aligned"
        for name, width in widths.items()
    }
    return table(
        "directive | data that it adds", ((f"`{name}`", meanings[name]) for name in DIRECTIVES)
    )


def _integers() -> str:
    return "Integer types: " + ", ".join(f"`{name}`" for name in INTEGERS) + "."


PARTS: dict[str, Callable[[], str]] = {
    "arithmetic": lambda: _forms(ARITHMETIC),
    "jumps": lambda: _forms(JUMPS),
    "memory": lambda: _forms(MEMORY),
    "atomics": lambda: _forms(ATOMICS),
    "constants": lambda: _forms(CONSTANTS),
    "only_read": _only_read,
    "data": _data,
    "integers": _integers,
}
