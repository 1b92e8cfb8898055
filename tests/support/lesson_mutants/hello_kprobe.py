"""Mistakes in lesson 01."""

from tests.support.lesson_mutant import Mutant

ARGUMENTS = "test_a_system_call_passes_its_arguments"
PROGRAM = "test_the_program_sends_a_record"
LOADED = "test_the_program_is_loaded"
LOG = "test_a_rejected_program_shows_the_log"
RING = "test_the_ring"
PROBE = "test_the_probe"
SAMPLES = "test_samples_are_read"
RELEASED = "test_the_space_is_released"

MUTANTS = [
    Mutant("[default: 0]", "", "test_the_command_line"),
    Mutant("  -d, --duration SECONDS", "  --duration SECONDS", "test_the_command_line"),
    Mutant("-d, --duration SECONDS", "-d, --duration", "test_the_command_line"),
    Mutant("(6 - len(words))", "(5 - len(words))", ARGUMENTS, "six arguments"),
    Mutant("NUMBERS[name], *words", "NUMBERS[name], *words[::-1]", ARGUMENTS),
    Mutant("    return result\n", "    return None\n", ARGUMENTS, "return the result"),
    Mutant("result == -1", "result == 1", "test_a_failed_system_call_raises_oserror", "OSError"),
    Mutant(
        "number = ctypes.get_errno()",
        "number = -result",
        "test_a_failed_system_call_raises_oserror",
        "error number",
    ),
    Mutant("TYPE_PERF_EVENT_ARRAY", "TYPE_ARRAY", "test_the_map"),
    Mutant("key_size=4", "key_size=8", "test_the_map"),
    Mutant("value_size=4", "value_size=8", "test_the_map"),
    Mutant("max_entries=slots", "max_entries=slots - 1", "test_the_map"),
    Mutant(
        "return bpf(bpf_cmd.BPF_MAP_CREATE",
        "bpf(bpf_cmd.BPF_MAP_CREATE",
        "test_the_map",
        "return the descriptor",
    ),
    Mutant("b.stxdw(r10[-24], r0)", "b.stxw(r10[-24], r0)", PROGRAM, "never written"),
    Mutant("b.stxdw(r10[-24], r0)", "b.stxdw(r10[-8], r0)", PROGRAM),
    Mutant("    b.add(r1, -16)\n", "", PROGRAM),
    Mutant("b.add(r1, -16)", "b.add(r1, -24)", PROGRAM),
    Mutant("b.mov(r2, 16)", "b.mov(r2, 8)", PROGRAM),
    Mutant("    b.mov(r1, r6)\n", "", PROGRAM, "r1"),
    Mutant("    b.mov(r6, r1)  #", "    b.mov(r6, r10)  #", PROGRAM),
    Mutant("b.ld_map_fd(r2, events)", "b.lddw(r2, events)", PROGRAM),
    Mutant("b.lddw(r3, BPF_F_CURRENT_CPU)", "b.mov(r3, 0)", PROGRAM, "the flags"),
    Mutant("b.lddw(r3, BPF_F_CURRENT_CPU)", "b.mov(r3, -1)", PROGRAM, "the flags"),
    Mutant("    b.add(r4, -24)\n", "", PROGRAM),
    Mutant("b.mov(r5, 24)", "b.mov(r5, 25)", PROGRAM),
    Mutant("b.mov(r5, 24)", "b.mov(r5, 16)", PROGRAM),
    Mutant("    b.exit()\n", "", PROGRAM),
    Mutant("PROG_TYPE_KPROBE", "PROG_TYPE_SOCKET_FILTER", LOADED, "BPF_PROG_TYPE_KPROBE"),
    Mutant("len(code) // 8", "len(code)", LOADED, "insn_cnt counts slots"),
    Mutant("insns=ctypes.addressof(insns)", "insns=ctypes.addressof(license_)", LOADED, "insns"),
    Mutant('create_string_buffer(b"GPL")', 'create_string_buffer(b"MIT")', LOADED, "GPL"),
    Mutant("log_level=1,", "", LOG, "log_level is 0"),
    Mutant("log_size=len(log),", "", LOG, "log_size is 0"),
    Mutant("log_buf=ctypes.addressof(log),", "", LOG, "log_buf is 0"),
    Mutant("{error}\\n{log.value.decode()}", "{error}", LOG, "text of the log"),
    Mutant("type=PERF_TYPE_SOFTWARE", "type=0", RING, "the type and config"),
    Mutant("config=PERF_COUNT_SW_BPF_OUTPUT,", "", RING, "the type and config"),
    Mutant("sample_type=PERF_SAMPLE_RAW,", "", RING, "PERF_SAMPLE_RAW"),
    Mutant("wakeup_events=1,", "", RING, "wakeup_events"),
    Mutant("address, -1, cpu, -1", "address, cpu, -1, -1", RING, "pid, cpu, group, flags"),
    Mutant("(1 + DATA_PAGES) * PAGE", "DATA_PAGES * PAGE", RING, "one control page"),
    Mutant("DATA_PAGES) * PAGE)", "DATA_PAGES) * PAGE, mmap.MAP_PRIVATE)", RING, "be shared"),
    Mutant(
        "c_uint32(cpu), ctypes.c_uint32(event)",
        "c_uint32(event), ctypes.c_uint32(cpu)",
        RING,
        "the key is the CPU",
    ),
    Mutant("map_fd=events", "map_fd=event", RING, "store the event in the map"),
    Mutant("return event, ring", "return ring, event", RING, "return the event's descriptor"),
    Mutant("config1=ctypes.addressof(name),", "", PROBE, "config1 must be the address"),
    Mutant("bus/event_source/devices/kprobe/type", "bus/event_source/devices/uprobe/type", PROBE),
    Mutant("address, -1, 0, -1", "address, -1, -1, -1", PROBE, "pid -1, CPU 0"),
    Mutant("SET_BPF, program)", "SET_BPF, 0)", PROBE, "takes the program's descriptor"),
    Mutant(
        '    system_call("ioctl", probe, perf_event_ioc.PERF_EVENT_IOC_ENABLE, 0)\n',
        "",
        PROBE,
        "enable the event",
    ),
    Mutant("    return probe\n", "", PROBE, "return the descriptor"),
    Mutant("    control[TAIL] = head ", "    # control[TAIL] = head ", RELEASED, "store the head"),
    Mutant("    control[TAIL] = head ", "    control[HEAD] = tail ", RELEASED, "store the head"),
    Mutant("    control[TAIL] = head ", "    control[TAIL] = head % len(data) ", RELEASED),
    Mutant("tail % len(data)", "tail", SAMPLES),
    Mutant("    records += bytes(data[: length - len(records)])", "    #", SAMPLES),
    Mutant("records[12:size]", "records[8:size]", SAMPLES),
    Mutant("records = records[size:]", "records = records[size + 8 :]", SAMPLES),
    Mutant("        if kind == PERF_RECORD_SAMPLE:", "        if kind:", SAMPLES),
]
