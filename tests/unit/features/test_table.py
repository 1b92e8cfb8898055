import re

from rawbpf.features.table import FEATURES
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.kernel.version import MINIMUM
from rawbpf.tracing.log_program import OUTCOMES, events_map, hello_kprobe
from rawbpf.uapi.bpf_insn import HELPER_NAMES

CALL = 0x85


def test_rows_are_dated_and_named_by_commits():
    for name, feature in FEATURES.items():
        assert feature.name == name
        assert re.fullmatch(r"[0-9a-f]{12}", feature.commit), name
        assert (3, 18) <= feature.since <= (7, 2), name


def test_what_the_main_job_needs_is_older_than_our_oldest_kernel():
    assert all(feature.since <= MINIMUM for feature in FEATURES.values() if feature.main_job)


def test_all_that_the_main_job_uses_is_marked():
    spec = hello_kprobe(pid=1)
    calls = [i for i in spec.code.instructions if i.opcode == CALL]
    used = {f"bpf_{HELPER_NAMES[call.imm]}" for call in calls}
    used |= {spec.prog_type.name, "kprobe PMU"}
    used |= {m.map_type.name for m in (OUTCOMES, events_map(possible_cpus()))}
    assert used == {name for name, feature in FEATURES.items() if feature.main_job}
