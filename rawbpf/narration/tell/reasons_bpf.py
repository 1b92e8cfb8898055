"""Why bpf(2) is called: maps, programs and types, objects by id, attaching."""

from __future__ import annotations

from rawbpf.narration.tell.view import Reason, always

__all__ = ["BPF"]

# A table: a row is a condition and a sentence, not code to be laid out.
# fmt: off
BPF = (
    # Maps
    Reason("BPF_MAP_CREATE", lambda c: c.is_trial,
           "A feature is tried out: a kernel without {map_type} refuses this smallest of maps."),
    Reason("BPF_MAP_CREATE", lambda c: c.map_is("PERF_EVENT_ARRAY"),
           "Here a program finds the ring of its CPU: {attr[max_entries]} slots for perf events, "
           "one for each CPU id, all of them empty so far."),
    Reason("BPF_MAP_CREATE", lambda c: c.map_is("RINGBUF"),
           "A ring of {attr[max_entries]} bytes that programs on all CPUs write to, and that can "
           "be mapped and read."),
    Reason("BPF_MAP_CREATE", lambda c: c.is_section,
           "A section of the object becomes a map with one value, so that its variables have an "
           "address that the program may use."),
    Reason("BPF_MAP_CREATE", lambda c: bool(c.attr.get("inner_map_fd")),
           "A map of maps; {inner} shows the kernel what the inner ones will look like."),
    Reason("BPF_MAP_CREATE", lambda c: c.map_is("PROG_ARRAY"),
           "A table of programs to go on in: a tail call names a slot of it."),
    Reason("BPF_MAP_CREATE", lambda c: c.map_is("PERCPU"),
           "Memory that programs and user space share, once for each CPU, so that no two CPUs "
           "write to the same word: {attr[max_entries]} entries of {attr[value_size]} bytes."),
    Reason("BPF_MAP_CREATE", always,
           "Memory that programs and user space share: up to {attr[max_entries]} entries, keys of "
           "{attr[key_size]} bytes, values of {attr[value_size]}."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.map_is("PERF_EVENT_ARRAY"),
           "The event goes into slot {key}: from here on a program on CPU {key} has a ring to "
           "write to."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.map_is("PROG_ARRAY"),
           "The program goes into slot {key}: a tail call to it now has a target."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.map_is("OF_MAPS"),
           "A map becomes the value of an entry: programs that look it up get that map."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.is_section,
           "The variables of this section get the values that they have at the beginning."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.attr.get("flags") == 1,
           "An entry is added to the map, if the key is not there yet (BPF_NOEXIST)."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.attr.get("flags") == 2,
           "The value of a key is replaced, if the key is there (BPF_EXIST)."),
    Reason("BPF_MAP_UPDATE_ELEM", always,
           "The value is written to the map, whether its key is there already or not."),
    Reason("BPF_MAP_LOOKUP_ELEM", lambda c: c.map_is("PERCPU"),
           "One lookup brings the values of this key from every possible CPU, side by side."),
    Reason("BPF_MAP_LOOKUP_ELEM", always,
           "The value of this key is copied out of the map; ENOENT would say that it has none."),
    Reason("BPF_MAP_DELETE_ELEM", always,
           "The key is taken out of the map, and its value with it."),
    Reason("BPF_MAP_GET_NEXT_KEY", lambda c: not c.attr.get("key"),
           "A walk over the keys of the map begins: without a key this returns the first."),
    Reason("BPF_MAP_GET_NEXT_KEY", always,
           "The walk goes on: which key comes behind this one? ENOENT says that it was the last."),
    Reason("BPF_MAP_FREEZE", always,
           "User space gives up writing to this map, for good: then the verifier may take what is "
           "in it for constants, if programs may not write to it either."),

    Reason("BPF_MAP_LOOKUP_BATCH", lambda c: not c.attr.get("in_batch"),
           "Many entries in one call, up to {attr[count]} from the beginning; ENOENT says that "
           "these are all."),
    Reason("BPF_MAP_LOOKUP_BATCH", always,
           "The next entries, from where the last call stopped; ENOENT says that these are the "
           "last."),

    # Programs and types
    Reason("BPF_PROG_LOAD", lambda c: c.failed_before("EAGAIN"),
           "Once more: a signal had interrupted the verifier (EAGAIN), which says nothing of the "
           "program."),
    Reason("BPF_PROG_LOAD", lambda c: c.is_trial,
           "A feature is tried out: the smallest {prog_type} program that needs it. The answer, "
           "or the verifier's log, tells whether this kernel has it."),
    Reason("BPF_PROG_LOAD", lambda c: c.wants_log and bool(c.rejection) and c.log_was_full,
           "The log had no room in {log_before} bytes: once more, with {attr[log_size]}."),
    Reason("BPF_PROG_LOAD", lambda c: c.wants_log and bool(c.rejection),
           "It was refused ({rejection}). Once more, now with room for the log in which the "
           "verifier says why."),
    Reason("BPF_PROG_LOAD", lambda c: c.attr.get("log_level") == 4,
           "The verifier follows every path of the program, and writes down what that took "
           "(log_level 4); then the kernel keeps it."),
    Reason("BPF_PROG_LOAD", lambda c: bool(c.attr.get("log_level", 0) & 2),
           "The verifier follows every path of the program, and writes down what it knows at each "
           "instruction, on all of them (log_level 2)."),
    Reason("BPF_PROG_LOAD", lambda c: c.wants_log,
           "The verifier follows every path of the program, and writes into the log what it saw."),
    Reason("BPF_PROG_LOAD", always,
           "The verifier follows every path of the program. No log is asked for yet: one that is "
           "too small would fail a program that is valid (ENOSPC)."),
    Reason("BPF_PROG_TEST_RUN", lambda c: c.failed_before("EINTR"),
           "Once more: a signal had interrupted the run (EINTR)."),
    Reason("BPF_PROG_TEST_RUN", lambda c: c.attr.get("repeat", 0) > 1,
           "The program is run by hand, {attr[repeat]} times on the same input; the time is that "
           "of one run, on average."),
    Reason("BPF_PROG_TEST_RUN", always,
           "The program is run by hand, on input that we give it; nothing has to be attached for "
           "that."),
    Reason("BPF_BTF_LOAD", always,
           "The kernel checks these types and keeps them; maps and programs can then refer to "
           "them."),

    # Objects by id, and what the kernel knows of them
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: c.kind == "prog" and c.probe_is_gone,
           "The probe is gone, so the program's numbers are final; recursion_misses (5.12) counts "
           "the hits for which it was not run."),
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: c.asked_before and c.has_buffers,
           "Once more, now with room for what the first answer only counted, or could not hold."),
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: c.kind == "link" and not c.was_found,
           "The kernel describes the link. From 6.7 the description of a kprobe also counts the "
           "hits that did not run the program (missed)."),
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: bool(c.kind),
           "What does the kernel say of this {noun}? It fills in as much of the structure as it "
           "knows."),
    Reason("GET_NEXT_ID", lambda c: not c.attr.get("id"),
           "A walk over all {walks_over} begins: the smallest id that there is. ENOENT says that "
           "there is none."),
    Reason("GET_NEXT_ID", always,
           "The walk goes on: the smallest id above {attr[id]}. ENOENT says that there is none."),
    Reason("GET_FD_BY_ID", always,
           "An id names an object, but only a descriptor can be asked things; while it is open, "
           "the object stays."),

    Reason("BPF_OBJ_PIN", always,
           "The object gets a name in bpffs, and stays when we are gone."),
    Reason("BPF_OBJ_GET", always,
           "What has this name in bpffs? The descriptor is as good as the one it was made with."),

    # Attaching
    Reason("BPF_LINK_CREATE", lambda c: c.is_trial_link,
           "A feature is tried out on a target that cannot be: a kernel that knows such links "
           "complains of the target, one that does not says EINVAL."),
    Reason("BPF_LINK_CREATE", lambda c: c.attaches("PERF_EVENT"),
           "The program is tied to {target}: each time that it fires the program runs, for as long "
           "as this link is open."),
    Reason("BPF_LINK_CREATE", lambda c: c.attaches("KPROBE"),
           "One link puts the program on {attr[cnt]} functions at once, for as long as it is "
           "open."),
    Reason("BPF_LINK_CREATE", lambda c: c.attaches("UPROBE"),
           "One link puts the program at {attr[cnt]} places of a file at once, in every process "
           "that maps it, for as long as it is open."),
    Reason("BPF_LINK_CREATE", always,
           "The program is attached, for as long as this link is open."),
    Reason("BPF_RAW_TRACEPOINT_OPEN", lambda c: not c.attr.get("name"),
           "The program is attached where its load said that it belongs (attach_btf_id); no name "
           "is needed."),
    Reason("BPF_RAW_TRACEPOINT_OPEN", always,
           "The program runs each time that the kernel passes this tracepoint, with the "
           "tracepoint's own arguments."),
    Reason("BPF_ITER_CREATE", always,
           "A descriptor to read from: its reads run the program on one object of the kernel after "
           "the other."),
)
# fmt: on
