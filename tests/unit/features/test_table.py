import re

from rawbpf.features.table import FEATURES
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.kernel.version import MINIMUM
from rawbpf.tracing.log_program import OUTCOMES, cpu_state_map, events_map, hello_kprobe
from rawbpf.uapi.bpf_insn import HELPER_NAMES

CALL = 0x85


def test_rows_have_versions_and_commits():
    for name, feature in FEATURES.items():
        assert feature.name == name
        assert re.fullmatch(r"[0-9a-f]{12}", feature.commit), name
        assert (3, 18) <= feature.since <= (7, 2), name


def test_kprobe_needs_only_features_of_the_oldest_kernel():
    assert all(feature.since <= MINIMUM for feature in FEATURES.values() if feature.main_job)


def test_all_features_that_kprobe_uses_are_marked():
    spec = hello_kprobe(pid=1)
    calls = [i for i in spec.code.instructions if i.opcode == CALL]
    used = {f"bpf_{HELPER_NAMES[call.imm]}" for call in calls}
    used |= {spec.prog_type.name, "kprobe PMU"}
    used |= {
        m.map_type.name
        for m in (OUTCOMES, events_map(possible_cpus()), cpu_state_map(possible_cpus()))
    }
    assert used == {name for name, feature in FEATURES.items() if feature.main_job}
