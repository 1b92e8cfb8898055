"""``rawbpf run-local`` on the command line."""

import json
from pathlib import Path

import pytest

from rawbpf.cli.main import main
from tests.support.command import RAWBPF, rawbpf

BPF_SRC = Path(__file__).parents[3] / "bpf_src"
HELLO, CALLBACK, COUNT, DROP = (
    str(BPF_SRC / f"{name}.bpf.s")
    for name in ("hello_kprobe", "callback", "count_by_comm", "drop_every_third")
)
TWO = """
.map config, array, key=u32, value=u64, entries=2
.map jumps, prog_array, entries=1
.program one, "kprobe"
    r2 = jumps ll
    r3 = 0
    call tail_call
    r1 = config ll
    r0 = 1
    exit
.program two, "kprobe"
    r0 = -2
    exit
"""


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.bpf.s"
    path.write_text(TWO)
    return str(path)


def output(capsys, *words):
    assert main(["run-local", *words]) == 0
    return capsys.readouterr().out


def fails(capsys, *words):
    status = main(["run-local", *words])
    assert status in (1, 2)
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_hello(capsys):
    text = output(capsys, HELLO, "--world", "comm=cat,pid=7,tgid=6")
    assert text.startswith(
        "r0 = 0\n39 instructions\nevents (perf_event_array):\n  cpu 0, 72 bytes: "
    )
    assert "kprobe triggered!" in text
    assert text.endswith("outcomes (percpu_array):\n  0: 1, 0\n")


def test_maps_keep_their_contents_between_runs(capsys):
    assert output(capsys, CALLBACK, "--runs", "2").splitlines() == [
        "r0 = 4950", "r0 = 9900", "816 instructions", ".data (array):", "  0: 9900",
    ]  # fmt: skip


def test_text_in_keys_is_shown(capsys):
    text = output(capsys, COUNT, "--world", "comm=cat", "--runs", "3")
    assert "  63617400000000000000000000000000 'cat': 3\n" in text


def test_packets(capsys, tmp_path):
    packet = tmp_path / "packet"
    packet.write_bytes(bytes(12) + b"\x08\x00" + bytes(20))
    text = output(capsys, DROP, "--data", str(packet), "--runs", "3")
    assert text.splitlines()[:3] == ["r0 = 2", "r0 = 2", "r0 = 1"]
    assert output(capsys, DROP).startswith("r0 = 2\n")  # 64 zero bytes


def test_json(capsys):
    found = json.loads(output(capsys, CALLBACK, "--json", "--runs", "2"))
    assert found == {
        "r0": 9900,
        "results": [4950, 9900],
        "instructions": 816,
        "maps": {
            ".data": {
                "type": "array",
                "entries": [{"key": "00000000", "values": ["ac26000000000000"]}],
                "records": [],
            }
        },
        "printed": [],
    }


def test_program_and_entries(capsys, two):
    assert output(capsys, two, "--program", "two").startswith("r0 = 0xfffffffffffffffe (-2)\n")
    words = [two, "--program", "one", "--set", "config[1]=hex:0102030405060708"]
    assert "config (array):\n  1: 578437695752307201\n" in output(capsys, *words)
    jump = output(capsys, *words, "--set", "jumps[0]=two")
    assert jump.startswith(
        "r0 = 0xfffffffffffffffe (-2)\n5 instructions\njumps (prog_array):\n  0: two\n"
    )


def test_bytes_and_hex(capsys, tmp_path):
    code = bytes.fromhex("b700000005000000 9500000000000000")
    (tmp_path / "raw").write_bytes(code)
    (tmp_path / "hex").write_text(code.hex(" "))
    for name in ("raw", "hex"):
        assert output(capsys, str(tmp_path / name)) == "r0 = 5\n2 instructions\n"
    done = rawbpf("run-local", "-", stdin=None, input="b7 00 00 00 05 00 00 00 95" + " 00" * 7)
    assert done.stdout == "r0 = 5\n2 instructions\n"


LOAD = "79 10 {:02x} 00 00 00 00 00  95 00 00 00 00 00 00 00"


@pytest.mark.parametrize(
    ("context", "result"),
    [("hex:0807060504030201", 0x0102030405060708), ("kretprobe:-1", (1 << 64) - 1)],
)
def test_contexts(capsys, tmp_path, monkeypatch, context, result):
    monkeypatch.setattr("os.uname", lambda: type("U", (), {"machine": "x86_64"}))
    file = tmp_path / "load"
    file.write_text(LOAD.format(80 if context.startswith("k") else 0))
    assert json.loads(output(capsys, str(file), "--ctx", context, "--json"))["r0"] == result


def test_arguments_of_a_kprobe(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("os.uname", lambda: type("U", (), {"machine": "x86_64"}))
    file = tmp_path / "print.bpf.s"
    file.write_text("""
        .rodata
        text: .asciz "open %s %d"
        .program print, "kprobe"
            r3 = *(u64 *)(r1 + 104)
            r4 = *(u64 *)(r1 + 112)
            r1 = text ll
            r2 = 11
            call trace_printk
            r0 = 0
            exit
    """)
    text = output(capsys, str(file), "--ctx", "kprobe:-100,'/etc/pass,wd'")
    assert text.endswith("printed:\n  open /etc/pass,wd -100\n")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--ctx", "kprobe:x"], "--ctx: invalid number 'x'"),
        (["--ctx", "kprobe:1,2,3,4,5,6,7,8,9"], "too many arguments: 9"),
        (["--ctx", "kprobe:1,,2"], "invalid arguments '1,,2'"),
        (["--ctx", "kprobe:'a"], "invalid arguments"),
        (["--ctx", "uprobe"], "unknown context 'uprobe'; use kprobe"),
        (["--ctx", "hex:abc"], "invalid hex 'abc'"),
        (["--ctx", "xdp", "--data", "/nowhere"], "cannot read /nowhere: No such file"),
        (["--world", "pid"], "invalid field 'pid'"),
        (["--world", "kernel_stack=1"], "invalid field"),
        (["--world", "cpu=9"], "invalid cpu=9, cpus=2"),
        (["--set", "hits"], "invalid entry 'hits'; write MAP[KEY]=VALUE"),
        (["--set", "hits[1]=2"], "refers to map 'hits': the map is not defined"),
        (["--set", "config[9]=1"], "E2BIG"),
        (["--runs", "0"], "--runs is '0'; specify a number from 1"),
        (["--budget", "2"], "did not end within 2 instructions"),
        (["--budget", "9" * 30], "does not fit into 64 bits"),
        (["--program", "three"], "no program 'three'"),
    ],
)
def test_usage_errors(capsys, two, words, why):
    program = [] if "--program" in words else ["--program", "one"]
    assert why in fails(capsys, two, *program, *words)


def test_selecting_a_program(capsys, two, tmp_path):
    assert "contains more than one program; choose a program with --program: one, two" in fails(
        capsys, two
    )
    (tmp_path / "none.bpf.s").write_text('.license "GPL"\n')
    assert "contains no program" in fails(capsys, str(tmp_path / "none.bpf.s"))


def test_objects_are_not_supported(capsys, tmp_path):
    file = tmp_path / "hello.bpf.o"
    assert main(["asm", HELLO, "-o", str(file)]) == 0
    assert "is an object file: run-local cannot read object files" in fails(capsys, str(file))


def test_a_program_that_fails(capsys, tmp_path):
    file = tmp_path / "bad.bpf.s"
    file.write_text('.program bad, "xdp"\n r0 = *(u64 *)(r1 + 100)\n exit\n')
    said = fails(capsys, str(file))
    assert f"rawbpf: bad, instruction 0 ({file}:2): reads 8 bytes at 0xc00000000064: " in said


def test_a_reader_that_stops_early():
    import subprocess

    done = subprocess.run(
        f"{' '.join(RAWBPF)} run-local {CALLBACK} --runs 2000 | head -1",
        shell=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("r0 = 4950\n", "")
