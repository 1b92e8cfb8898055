"""How `rawbpf run` decodes and prints records, and invalid arguments."""

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.cli.main import main
from rawbpf.cli.tracing.decode import PERF, RING, Decoder, Wanted
from rawbpf.cli.tracing.show import Json, Lines
from rawbpf.errors import UsageError
from rawbpf.events.log_record import LogRecord, encode_log
from rawbpf.events.log_rows import LogRows
from rawbpf.kernel.symbolize import KernelSymbols
from rawbpf.reading.order import Record, Taken
from rawbpf.specs.map_spec import MapSpec
from rawbpf.specs.object_spec import DataSpec, ObjectSpec
from rawbpf.uapi.bpf import bpf_map_type
from tests.support.log_batches import batch_of
from tests.support.peers import peer

NO_SYMBOLS = KernelSymbols("/nonexistent")
LOG = encode_log(LogRecord(3, 5, 7, 8, 0, "bash", (2,), "{} files"))


@pytest.fixture
def spec():
    b = BtfBuilder()
    u32, char = b.add_int("unsigned int", 4), b.add_int("char", 1, signed=True)
    key = b.add_struct("pair", 8, [("a", u32, 0), ("b", u32, 32)])
    b.add_struct("row", 8, [("pid", u32, 0), ("comm", b.add_array(char, 4, u32), 32)])
    b.add_struct("big", 12, [("n", u32, 0)])
    b.add_struct("large", 12, [("n", u32, 0)])
    maps = (
        MapSpec("events", RING, 0, 0, 4096),
        MapSpec("samples", PERF, 4, 4, 0),
        MapSpec("counts", bpf_map_type.BPF_MAP_TYPE_HASH, 8, 4, 8, btf_key_type_id=key),
        MapSpec("stacks", bpf_map_type.BPF_MAP_TYPE_STACK_TRACE, 4, 8, 8),
    )
    return ObjectSpec(
        {},
        {one.name: one for one in maps},
        {".bss": DataSpec(".bss", bytes(4)), ".rodata": DataSpec(".rodata", bytes(4))},
        btf=Btf(b.encode()),
    )


def decoder(spec, *words):
    return Decoder(spec, Wanted(spec, words))


def decoded(one, name, cpu, data):
    """The only part that the decoder finds in a batch of one record."""
    (part,) = one.split(Taken(name, cpu, batch_of([data])))
    return part


def test_without_print_all_printable_maps_are_printed(spec):
    assert Wanted(spec, []).names == {"events", "samples", "counts", "stacks", ".bss"}
    assert Wanted(spec, ["events:row"]).names == {"events"}


@pytest.mark.parametrize(
    ("word", "said"),
    [("event", "has no 'event'"), ("strange", "are: .bss, counts"), ("events:rows", "mean row")],
)
def test_printing_an_unknown_map_or_struct_is_a_usage_error(spec, word, said):
    with pytest.raises(UsageError, match=said):
        Wanted(spec, [word])


def test_the_only_struct_of_a_size_is_used_unless_it_is_a_key(spec):
    one = decoder(spec)
    rows = decoded(one, "events", -1, b"\7\0\0\0ls\0\0")
    assert (rows.kind.name, list(rows)) == ("row", [{"pid": 7, "comm": b"ls"}])
    assert list(decoded(one, "events", -1, bytes(12))) == [Record("events", -1, bytes(12))]
    assert decoded(decoder(spec, "events:large"), "events", -1, bytes(12)).kind.name == "large"


def test_records_that_remain_bytes_are_explained_once_per_size(spec, capsys):
    one = decoder(spec)
    for size in (12, 12, 8, 99):
        decoded(one, "events", -1, bytes(size))
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("events: printing records of 12 bytes as bytes: not exactly one struct")
    assert "--print events:STRUCT" in first
    assert "records of 99 bytes" in second


def test_log_records_are_recognized(spec):
    assert decoded(decoder(spec), "samples", 1, LOG + bytes(5))[0].message == "2 files"
    assert decoded(decoder(spec, "samples:row"), "samples", 1, LOG).kind.name == "row"


def test_log_records_among_others_keep_their_place(spec):
    other = bytearray(LOG)
    other[28] = 1  # the reserved field
    samples = [LOG, LOG, bytes(other), bytes(len(LOG)), LOG]
    parts = list(decoder(spec).split(Taken("samples", 1, batch_of(samples))))
    assert [len(part) for part in parts] == [2, 2, 1]
    assert [isinstance(part, LogRows) for part in parts] == [True, False, True]


def shown(form, spec, batch):
    show = form(decoder(spec), NO_SYMBOLS)
    parts = [Taken(name, cpu, batch_of([data])) for name, cpu, data in batch]
    return b"".join(block for part in parts for block in show.blocks(part)).decode()


BATCH = [
    Record("events", -1, b"\7\0\0\0ls\0\0"),
    Record("samples", 1, b"\7\0\0\0\x1b[\0\0" + b"junk"),
    Record("samples", 0, bytes(12)),
]


def test_records_as_lines(spec):
    assert shown(Lines, spec, BATCH).splitlines() == [
        "events: pid=7 comm='ls'",
        "samples[1]: 12 bytes",
        "0000  07 00 00 00 1b 5b 00 00 6a 75 6e 6b              .....[..junk",
        "samples[0]: 12 bytes",
        "0000  00 00 00 00 00 00 00 00 00 00 00 00              ............",
    ]
    assert "info" in shown(Lines, spec, [Record("samples", 1, LOG)])
    assert Lines(decoder(spec), NO_SYMBOLS).text("tasks", b"one\x1b\ntwo") == "one\\x1b\ntwo\n"
    assert "...." in Lines(decoder(spec), NO_SYMBOLS).text("tasks", bytes(4))


def test_records_as_json(spec):
    assert shown(Json, spec, BATCH[:2]).splitlines() == [
        '{"map": "events", "type": "row", "values": {"pid": 7, "comm": "ls"}}',
        '{"map": "samples", "cpu": 1, "type": null, "data": "070000001b5b00006a756e6b"}',
    ]
    assert '"type": "log"' in shown(Json, spec, [Record("samples", 1, LOG)])
    show = Json(decoder(spec), NO_SYMBOLS)
    assert show.text("tasks", b"a") == '{"iterator": "tasks", "text": "a"}\n'
    assert show.text("tasks", b"\0") == '{"iterator": "tasks", "data": "00"}\n'
    assert list(show.entries(spec.maps["counts"], [(1, b"a")])) == [
        '{"map": "counts", "key": 1, "value": "a"}\n'
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["-d", "-1"], ["--set", "x"], ["--set", "no_such=1"], ["--print", "nothing"],
        ["--skip", "nobody"], ["--at", "nobody=lo"], ["--at", "x"], ["--at", "x="],
        ["--ring-pages", "3"], ["--ring-pages", "x"], ["--max-buffer-pages", "0"],
    ],
)  # fmt: skip
def test_invalid_options_are_usage_errors(words, capsys):
    assert main(["run", "bpf_src/count_by_comm.bpf.s", *words]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_file_that_is_not_an_object_gives_one_line(tmp_path, capsys):
    file = tmp_path / "x.bpf.o"
    file.write_bytes(b"\x7fELF" + bytes(100))
    assert main(["run", str(file)]) == 1
    assert main(["run", str(tmp_path / "none.bpf.o")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_messages_of_clang_are_printed(tmp_path, capsys, monkeypatch):
    """clang's message is printed unchanged, followed by one line of rawbpf."""
    peer("clang-19")
    monkeypatch.setattr("rawbpf.kernel.btf.vmlinux_btf", lambda: None)  # vmlinux.h is not needed
    file = tmp_path / "bad.bpf.c"
    file.write_text("int f(void) { return nothing; }\n")
    assert main(["run", str(file), "--clang", "clang-19"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert "bad.bpf.c:1:22: error: use of undeclared identifier 'nothing'" in lines[0]
    assert lines[-1].startswith("rawbpf: clang-19 cannot compile")
