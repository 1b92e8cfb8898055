"""Reasons for bpf(2) calls: maps, programs and types, objects by ID, and attaching."""

from __future__ import annotations

from rawbpf.narration.tell.view import Reason, always

__all__ = ["BPF"]

# A table in which each row has a condition and a sentence, not formatted like code.
# fmt: off
BPF = (
    # Maps
    Reason("BPF_MAP_CREATE", lambda c: c.is_trial,
           "This tests for a feature: kernels without {map_type} reject this minimal map."),
    Reason("BPF_MAP_CREATE", lambda c: c.map_is("PERF_EVENT_ARRAY"),
           "This map tells a program which ring belongs to its CPU: it has "
           "{attr[max_entries]} slots for perf events, one for each CPU, which are "
           "initially empty."),
    Reason("BPF_MAP_CREATE", lambda c: c.map_is("RINGBUF"),
           "This creates a ring buffer of {attr[max_entries]} bytes, to which programs on "
           "all CPUs write and which user space maps and reads."),
    Reason("BPF_MAP_CREATE", lambda c: c.is_section,
           "A section of the object becomes a map with one value, so that the program can "
           "access the section's variables by address."),
    Reason("BPF_MAP_CREATE", lambda c: bool(c.attr.get("inner_map_fd")),
           "This creates a map of maps; {inner} serves as the template for inner maps."),
    Reason("BPF_MAP_CREATE", lambda c: c.map_is("PROG_ARRAY"),
           "This creates a table of programs for tail calls, which refer to a slot in the table."),
    Reason("BPF_MAP_CREATE", lambda c: c.map_is("PERCPU"),
           "This map is shared between programs and user space and has separate values for "
           "each CPU, so that CPUs never write to the same value: {attr[max_entries]} "
           "entries with values of {attr[value_size]} bytes."),
    Reason("BPF_MAP_CREATE", always,
           "This map is shared between programs and user space: up to {attr[max_entries]} "
           "entries with keys of {attr[key_size]} bytes and values of {attr[value_size]} bytes."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.map_is("PERF_EVENT_ARRAY"),
           "This stores the event in slot {key}, so that programs on CPU {key} have a ring "
           "to write to."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.map_is("PROG_ARRAY"),
           "This stores the program in slot {key}, as the target of tail calls."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.map_is("OF_MAPS"),
           "This stores a map as the value of an entry: programs that look up the key get "
           "this map."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.is_section,
           "This sets the variables of the section to their initial values."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.attr.get("flags") == 1,
           "This adds an entry to the map unless the key exists (BPF_NOEXIST)."),
    Reason("BPF_MAP_UPDATE_ELEM", lambda c: c.attr.get("flags") == 2,
           "This replaces the value for a key if the key exists (BPF_EXIST)."),
    Reason("BPF_MAP_UPDATE_ELEM", always,
           "This writes the value to the map, whether or not the key exists."),
    Reason("BPF_MAP_LOOKUP_ELEM", lambda c: c.map_is("PERCPU"),
           "A single lookup returns the values of this key for all possible CPUs."),
    Reason("BPF_MAP_LOOKUP_ELEM", always,
           "This copies the value for the key; ENOENT would mean that the key does not exist."),
    Reason("BPF_MAP_DELETE_ELEM", always,
           "This removes the key and its value from the map."),
    Reason("BPF_MAP_GET_NEXT_KEY", lambda c: not c.attr.get("key"),
           "This starts iterating over the keys of the map: without a key, the call returns "
           "the first key."),
    Reason("BPF_MAP_GET_NEXT_KEY", always,
           "This continues with the next key; ENOENT means that the given key was the last one."),
    Reason("BPF_MAP_FREEZE", always,
           "From now on, user space cannot write to this map. If programs cannot write to it "
           "either, the verifier treats its contents as constants."),

    Reason("BPF_MAP_LOOKUP_BATCH", lambda c: not c.attr.get("in_batch"),
           "This reads up to {attr[count]} entries in one call, starting with the first; "
           "ENOENT means that the map has no further entries."),
    Reason("BPF_MAP_LOOKUP_BATCH", always,
           "This reads the next entries, starting where the last call stopped; ENOENT means "
           "that the map has no further entries."),

    # Programs and BTF
    Reason("BPF_PROG_LOAD", lambda c: c.failed_before("EAGAIN"),
           "This is a retry: a signal interrupted the verifier during the previous load (EAGAIN)."),
    Reason("BPF_PROG_LOAD", lambda c: c.is_trial,
           "This tests for a feature with a minimal {prog_type} program. The result or the "
           "verifier's log shows whether this kernel supports the feature."),
    Reason("BPF_PROG_LOAD", lambda c: c.wants_log and bool(c.rejection) and c.log_was_full,
           "The log did not fit into {log_before} bytes, so the load is repeated with "
           "{attr[log_size]} bytes."),
    Reason("BPF_PROG_LOAD", lambda c: c.wants_log and bool(c.rejection),
           "The program was rejected ({rejection}). The load is repeated with a log buffer, "
           "in which the verifier explains why."),
    Reason("BPF_PROG_LOAD", lambda c: c.attr.get("log_level") == 4,
           "The verifier checks every path through the program and logs statistics (log_level "
           "4)."),
    Reason("BPF_PROG_LOAD", lambda c: bool(c.attr.get("log_level", 0) & 2),
           "The verifier checks every path through the program and logs its state at each "
           "instruction (log_level 2)."),
    Reason("BPF_PROG_LOAD", lambda c: c.wants_log,
           "The verifier checks every path through the program and writes its findings into the "
           "log."),
    Reason("BPF_PROG_LOAD", always,
           "The verifier checks every path through the program. No log is requested yet, "
           "because a log buffer that is too small makes even a valid program fail (ENOSPC)."),
    Reason("BPF_PROG_TEST_RUN", lambda c: c.failed_before("EINTR"),
           "This is a retry: a signal interrupted the previous run (EINTR)."),
    Reason("BPF_PROG_TEST_RUN", lambda c: c.attr.get("repeat", 0) > 1,
           "This runs the program {attr[repeat]} times on the same input and returns the "
           "average duration of a run."),
    Reason("BPF_PROG_TEST_RUN", always,
           "This runs the program once on the given input, without attaching it."),
    Reason("BPF_BTF_LOAD", always,
           "The kernel checks and stores these types, so that maps and programs can refer to "
           "them."),

    # Queries about objects by ID
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: c.kind == "prog" and c.probe_is_gone,
           "The probe is detached, so the program's counters are final; recursion_misses (5.12) "
           "counts the hits for which the program was not run."),
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: c.asked_before and c.has_buffers,
           "This repeats the query with buffers for the arrays that the first query only "
           "counted or could not return."),
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: c.kind == "link" and not c.was_found,
           "This requests information about the link. Since 6.7, a kprobe link's "
           "information includes the number of hits that did not run the program (missed)."),
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: bool(c.kind),
           "This requests information about the {noun}; the kernel fills in the fields that "
           "it knows."),
    Reason("GET_NEXT_ID", lambda c: not c.attr.get("id"),
           "This starts iterating over all {walks_over} at the lowest ID; ENOENT means that "
           "there are none."),
    Reason("GET_NEXT_ID", always,
           "This continues with the next ID above {attr[id]}; ENOENT means that no further "
           "object exists."),
    Reason("GET_FD_BY_ID", always,
           "Queries need a descriptor rather than an ID. As long as the descriptor is open, "
           "the object is not freed."),

    Reason("BPF_OBJ_PIN", always,
           "This pins the object under a path in bpffs, so that it outlives this process."),
    Reason("BPF_OBJ_GET", always,
           "This opens the object that is pinned at this path; the new descriptor works just "
           "like the original."),

    # Attaching
    Reason("BPF_LINK_CREATE", lambda c: c.is_trial_link,
           "This tests for a feature with an invalid target: kernels that support such "
           "links reject the target, while other kernels fail with EINVAL."),
    Reason("BPF_LINK_CREATE", lambda c: c.attaches("PERF_EVENT"),
           "This attaches the program to {target}: the program runs each time that the "
           "event fires, as long as the link is open."),
    Reason("BPF_LINK_CREATE", lambda c: c.attaches("KPROBE"),
           "This attaches the program to {attr[cnt]} functions in one call, as long as the "
           "link is open."),
    Reason("BPF_LINK_CREATE", lambda c: c.attaches("UPROBE"),
           "This attaches the program to {attr[cnt]} locations in a file in one call, in every "
           "process that maps the file, as long as the link is open."),
    Reason("BPF_LINK_CREATE", always,
           "This attaches the program for as long as the link is open."),
    Reason("BPF_RAW_TRACEPOINT_OPEN", lambda c: not c.attr.get("name"),
           "This attaches the program to the target that was specified at load time "
           "(attach_btf_id), so no name is needed."),
    Reason("BPF_RAW_TRACEPOINT_OPEN", always,
           "From now on, the program runs each time the kernel passes this tracepoint, and "
           "receives the tracepoint's arguments."),
    Reason("BPF_ITER_CREATE", always,
           "Reading from this new descriptor runs the program once for each kernel object."),
)
# fmt: on
