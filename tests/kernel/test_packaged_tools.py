"""Every program of Debian's libbpf-tools loads and attaches on this kernel.

If a load fails, the error names what the kernel lacks. If the tool needs that program, the tool
itself must fail as well. One process runs all tests, so that it reads the kernel's types only once.
"""

import re
import subprocess

import pytest

from rawbpf.collection.collection import Collection
from rawbpf.collection.kernel_types import attach_target
from rawbpf.collection.object_source import read_object
from rawbpf.errors import RawbpfError, UnsupportedError
from rawbpf.kernel.version import kernel_version
from rawbpf.links.dispatch import attach
from rawbpf.specs.program_spec import ProbeKind, ProbePoint, ProbeSpec, probe_of
from tests.support.bcc_tools import REFUSED, SAYS, places
from tests.support.packaged import files

KERNEL = "{}.{}".format(*kernel_version()[:2])
PROGRAM = re.compile(r"program '(\w+)'")
PLACEHOLDER = re.compile(r"dummy_(file_|getattr)")
NAMES = re.findall(
    r"\w+",
    """
bashreadline bindsnoop biolatency biopattern biosnoop biostacks biotop bitesize btrfsdist
btrfsslower cachestat capable cpudist cpufreq drsnoop execsnoop exitsnoop ext4dist ext4slower
filelife filetop fsdist fsslower funclatency gethostlatency hardirqs javagc killsnoop klockstat
ksnoop llcstat mdflush mountsnoop nfsdist nfsslower numamove offcputime oomkill opensnoop readahead
runqlat runqlen runqslower sigsnoop slabratetop softirqs solisten statsnoop syscount tcpconnect
tcpconnlat tcplife tcprtt tcpstates tcpsynbl tcptop tcptracer vfsstat wakeuptime xfsdist xfsslower
""",
)


def test_the_list_of_tools_is_complete():
    assert set(NAMES) == set(files("libbpf-tools"))


@pytest.mark.parametrize("tool", NAMES)
def test_every_program_loads_and_attaches_or_names_what_is_missing(tool, kernel):
    spec = spec_of(tool)
    where = places(tool, list(spec.programs))
    refused, expected = {}, lacking(tool, spec)
    with loaded(spec, kernel, refused) as collection:
        for name, program in collection.programs.items():
            if is_absent(tool) and name not in expected:
                continue
            try:
                attach_one(program, where.get(name, "")).close()
            except RawbpfError as error:
                refused[name] = str(error)
    assert set(refused) == set(expected), refused
    for name, said in refused.items():
        assert re.search(expected[name], said), (name, said)


def attach_one(program, where):
    """Attach a program. gethostlatency attaches a kprobe program to a library, too."""
    if ":" in where and program.spec.section.startswith("k"):
        returns = program.spec.section.startswith("kret")
        point = ProbePoint.RETURN if returns else ProbePoint.ENTRY
        return attach(program, ProbeSpec(ProbeKind.UPROBE, where, point))
    return attach(program, probe_of(program.spec, where))


def spec_of(tool):
    """Return the object with the tool's attach targets, without programs that it does not load."""
    spec = read_object(files("libbpf-tools")[tool])
    where = places(tool, list(spec.programs))
    programs = {
        name: one._replace(attach_to=where[name]) if PLACEHOLDER.match(one.attach_to) else one
        for name, one in spec.programs.items()
        if where.get(name) != "-"
    }
    return spec._replace(programs=programs)


def loaded(spec, kernel, refused):
    """Load what this kernel accepts. ``refused`` gets the errors of the other programs."""
    for name, program in spec.programs.items():
        try:
            attach_target(program, kernel)
        except UnsupportedError as error:
            refused[name] = str(error)
    while True:
        collection = Collection(spec, kernel)
        collection.keep(set(spec.programs) - set(refused))
        try:
            collection.load()
        except RawbpfError as error:
            refused[PROGRAM.search(str(error))[1]] = str(error)
        else:
            return collection


def is_absent(tool):
    """Return whether the tool is for a file system that this kernel lacks."""
    return tool in SAYS and tool not in REFUSED


def lacking(tool, spec):
    """Return patterns for the errors by program; empty if the kernel has everything."""
    expected = REFUSED.get(tool, {})
    if is_absent(tool):
        words = r"no function '{0}'|'{0}': this kernel has no function|{0}: no such function"
        return {
            name: words.format(one.attach_to)
            for name, one in spec.programs.items()
            # Two kprobes with the same error are enough, because each takes 2 s.
            if one.expected_attach_type or name.startswith("file_read_")
        }
    return {name: by_kernel[KERNEL] for name, by_kernel in expected.items() if KERNEL in by_kernel}


@pytest.mark.parametrize("tool", [name for name, one in SAYS.items() if KERNEL in one.says])
def test_the_tool_itself_fails_too(tool):
    words = [str(files("libbpf-tools")[tool]), *SAYS[tool].words]
    pipe = subprocess.PIPE
    done = subprocess.run(words, stdout=pipe, stderr=subprocess.STDOUT, text=True, timeout=20)
    assert re.search(SAYS[tool].says[KERNEL], done.stdout), done.stdout
