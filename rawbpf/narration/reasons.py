"""Why a call is made now: one table of sentences.

The first row of a call's key whose condition holds gives the sentence. A condition looks at the
call (its fields, its result), at what the descriptors are, and at the calls before, and at nothing
else: so a sentence says only what can be seen from the calls themselves, and is true of any program
that makes them. A command without a row gets the purpose that ``uapi.bpf_commands`` gives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.narration.look import Look
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.narration.call import Call
    from rawbpf.narration.known import Known

__all__ = ["REASONS", "Reason", "reason"]


class Reason(NamedTuple):
    """``when`` holds, ``sentence`` is true. Names in braces are attributes of a Look."""

    key: str
    when: Callable[[Look], bool]
    sentence: str


def _always(_: Look) -> bool:
    return True


# A table: a row is a condition and a sentence, not code to be laid out.
# fmt: off
REASONS = (
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
    Reason("BPF_MAP_CREATE", _always,
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
    Reason("BPF_MAP_UPDATE_ELEM", _always,
           "The value is written to the map, whether its key is there already or not."),
    Reason("BPF_MAP_LOOKUP_ELEM", lambda c: c.map_is("PERCPU"),
           "One lookup brings the values of this key from every possible CPU, side by side."),
    Reason("BPF_MAP_LOOKUP_ELEM", _always,
           "The value of this key is copied out of the map; ENOENT would say that it has none."),
    Reason("BPF_MAP_DELETE_ELEM", _always,
           "The key is taken out of the map, and its value with it."),
    Reason("BPF_MAP_GET_NEXT_KEY", lambda c: not c.attr.get("key"),
           "A walk over the keys of the map begins: without a key this returns the first."),
    Reason("BPF_MAP_GET_NEXT_KEY", _always,
           "The walk goes on: which key comes behind this one? ENOENT says that it was the last."),
    Reason("BPF_MAP_FREEZE", _always,
           "User space gives up writing to this map, for good: then the verifier may take what is "
           "in it for constants, if programs may not write to it either."),

    Reason("BPF_MAP_LOOKUP_BATCH", lambda c: not c.attr.get("in_batch"),
           "Many entries in one call, up to {attr[count]} from the beginning; ENOENT says that "
           "these are all."),
    Reason("BPF_MAP_LOOKUP_BATCH", _always,
           "The next entries, from where the last call stopped; ENOENT says that these are the "
           "last."),

    # Programs and types
    Reason("BPF_PROG_LOAD", lambda c: c.failed_before("EAGAIN"),
           "Once more: a signal had interrupted the verifier (EAGAIN), which says nothing of the "
           "program."),
    Reason("BPF_PROG_LOAD", lambda c: c.is_trial,
           "A feature is tried out: the smallest {prog_type} program that needs it. The answer, "
           "or the verifier's log, tells whether this kernel has it."),
    Reason("BPF_PROG_LOAD", lambda c: c.wants_log and c.was_refused and c.log_was_full,
           "The log had no room in {log_before} bytes: once more, with {attr[log_size]}."),
    Reason("BPF_PROG_LOAD", lambda c: c.wants_log and c.was_refused,
           "It was refused ({refusal}). Once more, now with room for the log in which the "
           "verifier says why."),
    Reason("BPF_PROG_LOAD", lambda c: c.attr.get("log_level") == 4,
           "The verifier follows every path of the program, and writes down what that took "
           "(log_level 4); then the kernel keeps it."),
    Reason("BPF_PROG_LOAD", lambda c: c.wants_log,
           "The verifier follows every path of the program, and writes into the log what it saw."),
    Reason("BPF_PROG_LOAD", _always,
           "The verifier follows every path of the program. No log is asked for yet: one that is "
           "too small would fail a program that is valid (ENOSPC)."),
    Reason("BPF_PROG_TEST_RUN", lambda c: c.failed_before("EINTR"),
           "Once more: a signal had interrupted the run (EINTR)."),
    Reason("BPF_PROG_TEST_RUN", lambda c: c.attr.get("repeat", 0) > 1,
           "The program is run by hand, {attr[repeat]} times on the same input; the time is that "
           "of one run, on average."),
    Reason("BPF_PROG_TEST_RUN", _always,
           "The program is run by hand, on input that we give it; nothing has to be attached for "
           "that."),
    Reason("BPF_BTF_LOAD", _always,
           "The kernel checks these types and keeps them; maps and programs can then refer to "
           "them."),

    # Objects by id, and what the kernel knows of them
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: c.kind == "prog" and c.probe_is_gone,
           "The probe is gone, so the program's numbers are final; recursion_misses (5.12) counts "
           "the hits for which it was not run."),
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: c.asked_before and c.has_room,
           "Once more, now with room for what the first answer only counted, or could not hold."),
    Reason("BPF_OBJ_GET_INFO_BY_FD", lambda c: bool(c.kind),
           "What does the kernel say of this {noun}? It fills in as much of the structure as it "
           "knows."),
    Reason("BPF_PROG_GET_NEXT_ID", lambda c: not c.attr.get("id"),
           "A walk over all programs begins: the smallest id that there is."),
    Reason("BPF_MAP_GET_NEXT_ID", lambda c: not c.attr.get("id"),
           "A walk over all maps begins: the smallest id that there is."),
    Reason("BPF_LINK_GET_NEXT_ID", lambda c: not c.attr.get("id"),
           "A walk over all links begins: the smallest id that there is."),
    Reason("BPF_BTF_GET_NEXT_ID", lambda c: not c.attr.get("id"),
           "A walk over all types that were loaded begins: the smallest id that there is."),
    Reason("GET_NEXT_ID", _always,
           "The walk goes on: the smallest id above {attr[id]}. ENOENT says that there is none."),
    Reason("GET_FD_BY_ID", _always,
           "An id names an object, but only a descriptor can be asked things; while it is open, "
           "the object stays."),

    Reason("BPF_OBJ_PIN", _always,
           "The object gets a name in bpffs, and stays when we are gone."),
    Reason("BPF_OBJ_GET", _always,
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
    Reason("BPF_LINK_CREATE", _always,
           "The program is attached, for as long as this link is open."),
    Reason("BPF_RAW_TRACEPOINT_OPEN", lambda c: not c.attr.get("name"),
           "The program is attached where its load said that it belongs (attach_btf_id); no name "
           "is needed."),
    Reason("BPF_RAW_TRACEPOINT_OPEN", _always,
           "The program runs each time that the kernel passes this tracepoint, with the "
           "tracepoint's own arguments."),
    Reason("BPF_ITER_CREATE", _always,
           "A descriptor to read from: its reads run the program on one object of the kernel after "
           "the other."),

    # perf events
    Reason("perf_event_open", lambda c: c.event == "perf",
           "An event that never fires by itself: programs on CPU {cpu} write their records through "
           "it."),
    Reason("perf_event_open", lambda c: c.event == "kprobe",
           "This makes the probe: the kernel looks up the function and patches its entry. Its text "
           "is shared by all CPUs, so pid -1 and CPU 0 mean every process on every CPU."),
    Reason("perf_event_open", lambda c: c.event == "kretprobe",
           "This makes the probe: the kernel patches the function's entry, and there diverts its "
           "return. pid -1 and CPU 0 mean every process on every CPU."),
    Reason("perf_event_open", lambda c: c.event.startswith("u"),
           "This makes the probe: an instruction of that file is patched, in every process that "
           "maps it and is meant."),
    Reason("perf_event_open", lambda c: c.event == "tracepoint",
           "An event that fires each time the kernel passes this tracepoint, by the number that "
           "tracefs gives it."),
    Reason("perf_event_open", _always,
           "An event of CPU {cpu} that fires by a clock; a program can be tied to it."),
    Reason("ioctl", lambda c: c.request == "SET_BPF",
           "From here on each time that the event fires runs the program."),
    Reason("ioctl", lambda c: c.request == "ENABLE" and not c.opened_disabled,
           "The event starts to count. It was not opened disabled, so nothing changes; other tools "
           "make this call, too."),
    Reason("ioctl", lambda c: c.request == "ENABLE",
           "The event was opened disabled; now it starts."),
    Reason("ioctl", _always,
           "A request to the event behind the descriptor."),

    # Memory
    Reason("mmap", lambda c: c.kind == "perf",
           "The ring: one page of control and {data_pages} of data that the kernel writes and we "
           "read. The right to write makes it respect what we have not read yet."),
    Reason("mmap", lambda c: c.map_is("RINGBUF") and c.words[5] == 0,
           "The page that says how far we have read; the kernel looks at it, so we may write it."),
    Reason("mmap", lambda c: c.map_is("RINGBUF"),
           "How far the kernel has written, and the data, twice in a row so that no record has to "
           "wrap; this is only for reading."),
    Reason("mmap", lambda c: c.kind == "map",
           "The map's values appear in our memory: to read or write one takes no call any more."),
    Reason("mmap", _always,
           "The memory behind the descriptor appears in our own."),
    Reason("munmap", lambda c: c.unmaps == "perf",
           "The ring has been read for the last time."),
    Reason("munmap", _always,
           "We need this memory no longer."),

    # Sleeping
    Reason("epoll_create1", _always,
           "Something to sleep on until one of several descriptors has news."),
    Reason("epoll_ctl", lambda c: c.kind_of_word(2) == "perf",
           "A record in this ring shall end the sleep."),
    Reason("epoll_ctl", lambda c: c.kind_of_word(2) == "map",
           "A record in this ring shall end the sleep."),
    Reason("epoll_ctl", lambda c: not c.watched_events,
           "Not to read or write, only to notice when the other end of it goes away."),
    Reason("epoll_ctl", lambda c: c.label_of_word(2).startswith("pipe:"),
           "What is written to the other end of this pipe shall end the sleep: so a signal does, "
           "and whoever wants us to stop."),
    Reason("epoll_ctl", _always,
           "News of this descriptor shall end the sleep."),
    Reason("epoll_pwait", lambda c: c.words[3] == 0,
           "A look at what is ready, without sleeping."),
    Reason("epoll_pwait", lambda c: not c.watches_rings,
           "A pause of up to {words[3]} ms in which no ring is watched: what comes meanwhile is "
           "taken in one go."),
    Reason("epoll_pwait", lambda c: c.words[3] < 0,
           "Sleep until a ring has records, or somebody wants us to stop."),
    Reason("epoll_pwait", _always,
           "Sleep until a ring has records, but no longer than {words[3]} ms."),

    Reason("capget", _always,
           "Which capabilities does this thread have?"),
    Reason("capset", _always,
           "This thread gives up capabilities, or takes back those that it gave up."),

    # The end
    Reason("close", lambda c: c.kind.endswith("probe") and not c.is_linked,
           "The probe is taken away. This returns when the last program that it started has "
           "ended."),
    Reason("close", lambda c: c.kind == "link" and not c.was_found,
           "The link goes, and with it what it attached, unless it was pinned."),
    Reason("close", lambda c: c.kind == "perf",
           "We need this CPU's event no longer. In a slot of a map it stays, until the map goes."),
    Reason("close", lambda c: c.kind in ("map", "prog", "btf", "link"),
           "We need this {noun} no longer. The kernel frees it when nothing else holds it."),
    Reason("close", _always,
           "We need this descriptor no longer."),
)
# fmt: on


def _matches(key: str, row: str) -> bool:
    return key == row or (row.startswith("GET_") and key.endswith(row))


def reason(call: Call, known: Known) -> str:
    """The sentence for a call, given what was known before it."""
    look = Look(call, known)
    for row in REASONS:
        if _matches(call.key, row.key) and row.when(look):
            return row.sentence.format_map(_Names(look))
    if call.command in bpf_cmd.__members__:
        return f"This {COMMANDS[bpf_cmd[call.command]].purpose}."
    return "This call is not one that is known here."


class _Names:
    """The attributes of a Look, for str.format_map."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def __getitem__(self, name: str) -> object:
        return getattr(self._look, name)
