"""Why the other calls are made: perf events, memory, sleeping, the end."""

from __future__ import annotations

from rawbpf.narration.tell.view import Reason, always

__all__ = ["OTHER"]

# A table: a row is a condition and a sentence, not code to be laid out.
# fmt: off
OTHER = (
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
    Reason("perf_event_open", always,
           "An event of CPU {cpu} that fires by a clock; a program can be tied to it."),
    Reason("ioctl", lambda c: c.request == "SET_BPF",
           "From here on each time that the event fires runs the program."),
    Reason("ioctl", lambda c: c.request == "ENABLE" and not c.opened_disabled,
           "The event starts to count. It was not opened disabled, so nothing changes; other tools "
           "make this call, too."),
    Reason("ioctl", lambda c: c.request == "ENABLE",
           "The event was opened disabled; now it starts."),
    Reason("ioctl", always,
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
    Reason("mmap", always,
           "The memory behind the descriptor appears in our own."),
    Reason("munmap", lambda c: c.unmaps == "perf",
           "The ring has been read for the last time."),
    Reason("munmap", always,
           "We need this memory no longer."),

    # Sleeping
    Reason("epoll_create1", always,
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
    Reason("epoll_ctl", always,
           "News of this descriptor shall end the sleep."),
    Reason("epoll_pwait", lambda c: c.words[3] == 0,
           "A look at what is ready, without sleeping."),
    Reason("epoll_pwait", lambda c: not c.rings_are_watched and c.words[3] < 0,
           "There is no ring to be read. Sleep until somebody wants us to stop."),
    Reason("epoll_pwait", lambda c: not c.rings_are_watched,
           "There is no ring to be read. Sleep for {words[3]} ms, or until somebody wants us to "
           "stop."),
    Reason("epoll_pwait", lambda c: not c.watches_rings,
           "A pause of up to {words[3]} ms in which no ring is watched: what comes meanwhile is "
           "taken in one go."),
    Reason("epoll_pwait", lambda c: c.words[3] < 0,
           "Sleep until a ring has records, or somebody wants us to stop."),
    Reason("epoll_pwait", always,
           "Sleep until a ring has records, but no longer than {words[3]} ms."),

    Reason("capget", always,
           "Which capabilities does this thread have?"),
    Reason("capset", always,
           "This thread gives up capabilities, or takes back those that it gave up."),

    # The end
    Reason("close", lambda c: c.kind.endswith("probe") and not c.is_linked,
           "The probe is taken away. This returns when the last program that it started has "
           "ended."),
    Reason("close", lambda c: c.is_linked,
           "The link holds this event as well, so the program stays tied to it."),
    Reason("close", lambda c: c.kind == "link" and not c.was_found,
           "The link goes, and with it what it attached, unless it was pinned."),
    Reason("close", lambda c: c.kind == "perf",
           "We need this CPU's event no longer. In a slot of a map it stays, until the map goes."),
    Reason("close", lambda c: c.kind in ("map", "prog", "btf", "link"),
           "We need this {noun} no longer. The kernel frees it when nothing else holds it."),
    Reason("close", always,
           "We need this descriptor no longer."),
)
# fmt: on
