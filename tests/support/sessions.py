"""Recorded sessions for tests of replay, and mutations of their numbers, pointers and labels."""

import ctypes
import json
from functools import cache

from rawbpf.narration.capture.recorder import recorded
from rawbpf.narration.tell.json_line import encode
from rawbpf.syscall import bpf
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import Attr, buffer, enter, replaced
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import (
    BpfAttrBatch,
    BpfAttrBtfLoad,
    BpfAttrMapCreate,
    BpfAttrObj,
    BpfAttrObjId,
    BpfAttrProgLoad,
    BpfBtfInfo,
    BpfMapInfo,
    BpfProgInfo,
)
from tests.support.gate_model import GateModel
from tests.support.told import GOLDEN

NUMBERS = [-(2**63), -1, 0, 1, 2, 4, 7, 8, 16, 100, 255, 4096, 65536, 2**22, 2**31, 2**32 - 1,
           2**32 + 1, 2**63, 2**64 - 1, 2**64 + 1]  # fmt: skip


class Unchecked(GateModel):
    """Used while a session is recorded, when no memory has been set aside."""

    def use(self, address, size, what):
        pass

    def write(self, address, size, what):
        pass

    def map_create(self, raw, _name):
        return self.new("map", *(int.from_bytes(raw[at : at + 4], "little") for at in (0, 4, 8)))

    def __call__(self, name, *words):
        self.asked = True
        return super().__call__(name, *words)


def _elements(kind):
    spec = BpfAttrMapCreate(map_type=kind, key_size=4, value_size=12, max_entries=4)
    with bpf.map_create(spec) as one:
        fd, key = one.fileno(), b"\1\0\0\0"
        size = 12 if kind == bpf_map_type.BPF_MAP_TYPE_HASH else 32
        bpf.map_update_elem(fd, key, bytes(size))
        bpf.map_lookup_elem(fd, key, size)
        bpf.map_lookup_and_delete_elem(fd, key, size)
        bpf.map_get_next_key(fd, key, 4)
        bpf.map_delete_elem(fd, key)
        attr = Attr(BpfAttrBatch(count=3, map_fd=fd))
        attr.point("out_batch", buffer(8)).point("keys", buffer(12)).point("values", buffer(96))
        bpf.command(bpf_cmd.BPF_MAP_LOOKUP_BATCH, attr)
        bpf.obj_get_info(fd, BpfMapInfo())
        path = Attr(BpfAttrObj(bpf_fd=fd)).point("pathname", b"/sys/fs/bpf/x\0")
        bpf.command(bpf_cmd.BPF_OBJ_PIN, path)


def _program():
    insns = bytes.fromhex("b700000000000000" * 3 + "9500000000000000")
    kind = bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER
    attr = Attr(BpfAttrProgLoad(prog_type=kind, insn_cnt=4, log_level=1, log_size=64))
    attr.point("insns", insns).point("license", b"GPL\0").point("log_buf", buffer(64))
    with bpf.prog_load(attr, "program") as program:
        bpf.prog_test_run(program.fileno(), bytes(64))
        info, ids, code = BpfProgInfo(nr_map_ids=2, xlated_prog_len=32), buffer(8), buffer(32)
        info.map_ids, info.xlated_prog_insns = ctypes.addressof(ids), ctypes.addressof(code)
        bpf.obj_get_info(program.fileno(), info)
        bpf.link_create_perf_event(program.fileno(), -1).close()
    types = Attr(BpfAttrBtfLoad(btf_size=24)).point("btf", bytes(24))
    with Fd(bpf.command(bpf_cmd.BPF_BTF_LOAD, types), "btf") as btf:
        bpf.obj_get_info(btf.fileno(), BpfBtfInfo())
    opened = Attr(BpfAttrObjId(id=5))
    with Fd(bpf.command(bpf_cmd.BPF_MAP_GET_FD_BY_ID, opened), "map") as other:
        bpf.map_update_elem(other.fileno(), bytes(8), bytes(4096))
    enter("bpf", bpf_cmd.BPF_PROG_GET_NEXT_ID, Attr(BpfAttrObjId()).address, 8)


@cache
def sessions():
    """Return recordings, each a tuple of lines."""
    with replaced(Unchecked()), recorded() as calls:
        _elements(bpf_map_type.BPF_MAP_TYPE_HASH)
        _elements(bpf_map_type.BPF_MAP_TYPE_PERCPU_HASH)
        _program()
    kprobe = (GOLDEN / "kprobe-6.1.jsonl").read_text().splitlines()
    return tuple(map(encode, calls)), tuple(kprobe)


def mutate(lines, random, times):
    """Return the lines with some numbers, bytes, pointers, labels or whole lines changed."""
    lines = [json.loads(line) for line in lines]
    for _ in range(times):
        at = random.randrange(len(lines))
        random.choice(_MUTATIONS)(lines, at, random)
    return [json.dumps(line) for line in lines]


def _leaves(value):
    """Yield (container, key) of each number."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in items:
        if isinstance(one, (dict, list)):
            yield from _leaves(one)
        elif isinstance(one, int) and not isinstance(one, bool):
            yield value, key


def _number(lines, at, random):
    for key in ("fields", "seconds"):
        lines[at].pop(key, None) if key == "fields" else None
    container, key = random.choice(list(_leaves(lines[at])))
    near = container[key] + random.choice((-8, -4, -1, 1, 4, 8))
    container[key] = random.choice([*NUMBERS, near, near])


def _bytes(lines, at, random):
    blocks = [one for one in lines[at]["blocks"] if one.get("in")]
    if not blocks:
        return
    block = random.choice(blocks)
    raw = bytearray.fromhex(block["in"])
    size = random.choice((1, 2, 4, 8))
    place = random.randrange(-(-len(raw) // size)) * size
    new = (random.choice(NUMBERS) & (1 << 8 * size) - 1).to_bytes(size, "little")
    raw[place : place + size] = new
    block["in"] = bytes(raw[: random.choice((len(raw), len(raw), len(raw), place))]).hex()


def _pointer(lines, at, random):
    """Change a reference's place or target, remove it, or add one."""
    blocks = lines[at]["blocks"]
    if not blocks:
        return
    refs = random.choice(blocks).setdefault("refs", [])
    what = random.randrange(4)
    if refs and what == 0:
        refs.pop(random.randrange(len(refs)))
    elif refs and what == 1:
        ref = random.choice(refs)
        ref["at"] = max(0, ref["at"] + random.choice((-8, -4, -1, 1, 4, 8)))
    elif what == 2:
        refs.append({"at": random.randrange(0, 64, 4), "size": random.choice((4, 8)),
                     "block": random.randrange(len(blocks))})  # fmt: skip
    else:
        fd = random.choice((0, 1, 3, 4, 5, 6, 13, 1001, 1002))
        refs.append({"at": random.randrange(0, 64, 4), "size": random.choice((4, 8)), "fd": fd})


def _length(lines, at, random):
    if lines[at]["blocks"]:
        block = random.choice(lines[at]["blocks"])
        block["room"] = random.choice((0, 1, 4, 8, block["room"] // 2, block["room"] * 2))


def _label(lines, at, random):
    for fd in lines[at]["fds"]:
        lines[at]["fds"][fd] = random.choice(("/dev/zero", "/etc/passwd", "pipe:[1]", "map:x", ""))


def _name(lines, at, random):
    other = random.choice(lines)
    for key in random.sample(("call", "command", "words", "blocks", "fds"), 2):
        if key in other:
            lines[at][key] = json.loads(json.dumps(other[key]))


def _structure(lines, at, random):
    others = [one.get("struct") for line in lines for one in line["blocks"] if "struct" in one]
    for block in lines[at]["blocks"]:
        block["struct"] = random.choice(others)
        block["path"] = random.choice((block["path"], "attr", "attr.info", "x"))


def _order(lines, at, random):
    lines.insert(random.randrange(len(lines)), json.loads(json.dumps(lines[at])))


_MUTATIONS = (_number, _number, _bytes, _bytes, _bytes, _pointer, _pointer, _length, _label, _name,
              _structure, _order)  # fmt: skip
