"""Check that the architecture page shows the current program, record and layers."""

import re
import tomllib

from rawbpf.asm.disassembler import disassemble
from rawbpf.events.log_record import LogRecord, decode_log
from rawbpf.ring.perf_records import parse_records
from rawbpf.tracing.log_program import hello_kprobe
from tests.support.markdown import ROOT, blocks

ARCHITECTURE = ROOT / "docs" / "architecture.md"
SESSION = ROOT / "docs" / "session.md"
HEX_COLUMN, TEXT_COLUMN, WHY_COLUMN = 5, 34, 64


def block(language: str) -> str:
    (found,) = (one.text for one in blocks(SESSION) if one.language == language)
    return found


def test_the_bytecode_is_that_of_the_program():
    code = hello_kprobe().code
    symbols = {code.slot_of(index): ref.name for index, ref in code.references.items()}
    rows = disassemble(code.instructions, symbols=symbols)
    lines = block("bytecode").splitlines()
    texts = [line[TEXT_COLUMN:WHY_COLUMN].strip() for line in lines]
    labels = [line[TEXT_COLUMN - 4 : TEXT_COLUMN].strip(" :") for line in lines]
    slots = [line[:HEX_COLUMN].strip() for line in lines]
    shown = [row for row in zip(slots, labels, texts, strict=True) if row[0]]
    assert shown == [(str(row.slot), row.label or "", row.text) for row in rows]
    bytes_shown = bytes.fromhex("".join(line[HEX_COLUMN : HEX_COLUMN + 23] for line in lines))
    assert bytes_shown == b"".join(row.instruction.encode() for row in rows)


def test_the_record_can_be_decoded():
    lines = block("hex").splitlines()
    data = bytes.fromhex("".join(line[6:30] for line in lines))
    offsets = [int(line[:4], 16) for line in lines]
    lengths = [len(bytes.fromhex(line[6:30])) for line in lines]
    assert offsets == [sum(lengths[:n]) for n in range(len(lines))]
    records = parse_records(data)
    assert records.damage is None
    (sample,) = records.samples
    assert (len(data), len(sample)) == (64, 52)
    record = decode_log(sample)
    assert record == LogRecord(3, record.ktime_ns, 97, 90, 1, "python", (), "kprobe triggered!")
    assert round(record.ktime_ns / 1e9, 1) == 15.1


def contract(word: str) -> dict:
    """The import contract whose name has this word."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    (found,) = (one for one in contracts if word in one["name"])
    return found


def test_the_kernel_boundary_divides_all_layers():
    layers = [layer.split(" | ") for layer in contract("go down")["layers"]]
    line = contract("kernel boundary")
    below = {name.removeprefix("rawbpf.") for name in line["source_modules"]}
    above = {name.removeprefix("rawbpf.") for name in line["forbidden_modules"]}
    first = layers.index(["output"])
    assert below == {name for layer in layers[first:] for name in layer}
    assert above == {name for layer in layers[:first] for name in layer} - {"__main__"}


def test_the_layers_are_those_in_pyproject():
    layers = contract("go down")["layers"]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", ARCHITECTURE.read_text(), re.MULTILINE)
    shown = [set(re.findall(r"\w+", row)) for row in rows]
    assert shown == [set(layer.split(" | ")) for layer in layers if layer != "__main__"]
