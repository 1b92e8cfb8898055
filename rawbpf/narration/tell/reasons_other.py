"""Reasons for other calls: perf events, mappings, sleeping and closing."""

from __future__ import annotations

from rawbpf.narration.tell.view import Reason, always

__all__ = ["OTHER"]

# A table in which each row has a condition and a sentence, not formatted like code.
# fmt: off
OTHER = (
    # perf events
    Reason("perf_event_open", lambda c: c.event == "perf",
           "This event never fires by itself: programs on CPU {cpu} write their records through "
           "it."),
    Reason("perf_event_open", lambda c: c.event == "kprobe",
           "This creates the probe: the kernel looks up the function and patches its entry. All "
           "CPUs share the kernel's code, so pid -1 and CPU 0 cover every process on every CPU."),
    Reason("perf_event_open", lambda c: c.event == "kretprobe",
           "This creates the probe: the kernel patches the function's entry and redirects "
           "the function's return. pid -1 and CPU 0 cover every process on every CPU."),
    Reason("perf_event_open", lambda c: c.event.startswith("u"),
           "This creates the probe: the kernel patches an instruction of the file in each "
           "of the selected processes that map the file."),
    Reason("perf_event_open", lambda c: c.event == "tracepoint",
           "This event fires each time the kernel passes the tracepoint, which is "
           "identified by its number in tracefs."),
    Reason("perf_event_open", always,
           "This event fires periodically on CPU {cpu}; a program can be attached to it."),
    Reason("ioctl", lambda c: c.request == "SET_BPF",
           "From now on, the program runs each time the event fires."),
    Reason("ioctl", lambda c: c.request == "SET_OUTPUT",
           "From now on, both events write to the same ring, which belongs to the second event."),
    Reason("ioctl", lambda c: c.request == "ENABLE" and not c.opened_disabled,
           "This enables the event. It was not opened disabled, so nothing changes; other "
           "tools make this call, too."),
    Reason("ioctl", lambda c: c.request == "ENABLE",
           "This enables the event, which was opened disabled."),
    Reason("ioctl", always,
           "This controls the event that the descriptor refers to."),

    # Memory
    Reason("mmap", lambda c: c.kind == "perf",
           "This maps the ring: a control page and {data_pages} data pages, which the "
           "kernel writes and rawbpf reads. Because the mapping is writable, the kernel "
           "does not overwrite data that rawbpf has not read yet."),
    Reason("mmap", lambda c: c.map_is("RINGBUF") and c.words[5] == 0,
           "This maps the page with the consumer position: rawbpf writes how far it has "
           "read, and the kernel reads this position."),
    Reason("mmap", lambda c: c.map_is("RINGBUF"),
           "This maps the producer position and the data, read-only. The data appears twice in "
           "a row, so that no record wraps around."),
    Reason("mmap", lambda c: c.kind == "map",
           "This maps the values of the map into memory, so that reading or writing the "
           "values needs no system call."),
    Reason("mmap", always,
           "This maps the memory that the descriptor refers to."),
    Reason("munmap", lambda c: c.unmaps == "perf",
           "rawbpf no longer reads the ring."),
    Reason("munmap", always,
           "This mapping is no longer needed."),

    # Sleeping
    Reason("epoll_create1", always,
           "This creates an epoll instance, which can wait for several descriptors at once."),
    Reason("epoll_ctl", lambda c: c.kind_of_word(2) == "perf",
           "A record in this ring should wake up the reader."),
    Reason("epoll_ctl", lambda c: c.kind_of_word(2) == "map",
           "A record in this ring should wake up the reader."),
    Reason("epoll_ctl", lambda c: not c.watched_events,
           "No data is read or written; this only detects when the other end is closed."),
    Reason("epoll_ctl", lambda c: c.label_of_word(2).startswith("pipe:"),
           "Data in this pipe should wake up the reader: signal handlers and stop() write "
           "to the other end."),
    Reason("epoll_ctl", always,
           "Activity on this descriptor should wake up the reader."),
    Reason("epoll_pwait", lambda c: c.words[3] == 0,
           "This checks, without sleeping, which descriptors are ready."),
    Reason("epoll_pwait", lambda c: not c.rings_are_watched and c.words[3] < 0,
           "There is no ring to read, so this sleeps until rawbpf is asked to stop."),
    Reason("epoll_pwait", lambda c: not c.rings_are_watched,
           "There is no ring to read, so this sleeps for {words[3]} ms, or until rawbpf is "
           "asked to stop."),
    Reason("epoll_pwait", lambda c: not c.watches_rings,
           "This pauses for up to {words[3]} ms without watching rings, so that records "
           "that arrive meanwhile are read in one batch."),
    Reason("epoll_pwait", lambda c: c.words[3] < 0,
           "This sleeps until a ring has records or rawbpf is asked to stop."),
    Reason("epoll_pwait", always,
           "This sleeps until a ring has records, for at most {words[3]} ms."),

    Reason("capget", always,
           "This reads the capabilities of this thread."),
    Reason("capset", always,
           "This thread drops capabilities, or restores capabilities that it dropped before."),
    Reason("prctl", always,
           "From now on, no program that this thread executes can gain a capability."),

    # Closing
    Reason("close", lambda c: c.kind.endswith("probe") and not c.is_linked,
           "This removes the probe. The call returns when every program run that the probe "
           "started has ended."),
    Reason("close", lambda c: c.is_linked,
           "The link also refers to this event, so the program stays attached."),
    Reason("close", lambda c: c.kind == "link" and not c.was_found,
           "This closes the link and detaches its program, unless the link is pinned."),
    Reason("close", lambda c: c.kind == "perf",
           "This CPU's event is no longer needed. If the event is stored in a map, it "
           "exists until the map is freed."),
    Reason("close", lambda c: c.kind in ("map", "prog", "btf", "link"),
           "The {noun} is no longer needed. The kernel frees it when nothing else refers to it."),
    Reason("close", always,
           "This descriptor is no longer needed."),
)
# fmt: on
