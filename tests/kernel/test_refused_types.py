"""Types that BPF_BTF_LOAD rejects with a log."""

import pytest

from rawbpf.cli.main import main
from rawbpf.collection.collection import Collection
from rawbpf.elf.read import ObjectFile
from rawbpf.elf.write import encode_object
from rawbpf.errors import KernelError
from rawbpf.kernel.version import kernel_version
from rawbpf.refusals.explain import explained_error
from rawbpf.source.assembler import assemble
from rawbpf.syscall import bpf_object
from tests.support.refusals import note
from tests.support.refused_types import NEWER, REFUSED

pytestmark = [pytest.mark.no_probe, pytest.mark.usefixtures("memory")]

VERSION = kernel_version()


def types_refusal(data):
    with pytest.raises(KernelError) as caught:
        bpf_object.btf_load(data).close()
    error = explained_error("cannot load the types", caught.value)
    note(error)
    return error


def test_types():
    for name, (code, data) in REFUSED.items():
        error = types_refusal(data)
        assert error.explanation.code == code, (name, error.explanation.sentence, error.details)
    for name, (code, data, since) in NEWER.items():
        error = types_refusal(data)
        wanted = code if since <= VERSION else "RB-T006"
        assert error.explanation.code == wanted, (name, error.explanation.sentence, error.details)


OBJECT = """
.map hits, array, key=u32, value=u64, entries=16
.program counting, "xdp"
        r0 = 0
        exit
"""


def test_types_of_an_object(capsys, tmp_path):
    """From the bytes of a file to the line of output, for a function with an invalid C name."""
    data = encode_object(assemble(OBJECT, "hits.bpf.s"))
    types = ObjectFile(data).section(".BTF").contents
    assert types.count(b"\0counting\0") == 1
    file = tmp_path / "hits.bpf.o"
    file.write_bytes(data.replace(types, types.replace(b"counting", b"c<u>ting")))
    with Collection.from_bytes(file.read_bytes(), "x") as one:
        one.load()
    (warning,) = one.warnings
    assert warning.startswith(
        "cannot load the object's types: function c<u>ting has an invalid name [RB-T"
    )
    assert warning.endswith("; the object is loaded without types")
    assert main(["load", str(file)]) == 0
    assert warning in capsys.readouterr().err


def test_too_many_types():
    error = types_refusal(bytes((16 << 20) + 1))
    assert error.explanation.code == "RB-E026"
