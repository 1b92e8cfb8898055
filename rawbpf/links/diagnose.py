"""Explain why a program could not be attached.

For the kprobe PMU, perf_event_open(2) fails with

    ENOENT        │ no symbol has this name (EINVAL for a return probe up to 5.10)
    EADDRNOTAVAIL │ several symbols have this name (6.7 and stable kernels with b022f0c7e404; older
                  │ ones silently probe the first)
    EINVAL        │ the function must not be probed: notrace, on the blacklist, or init code
    EILSEQ        │ no instruction begins at this offset
    E2BIG         │ the name has KSYM_NAME_LEN bytes or more: 128, from 6.1 512
    EACCES        │ no CAP_PERFMON
    EPERM         │ lockdown, seccomp and others: see ``rawbpf.kernel.permission``

Source: kernel/events/core.c perf_kprobe_event_init(), kernel/trace/trace_event_perf.c
perf_kprobe_init(), kernel/trace/trace_kprobe.c create_local_trace_kprobe().

Attaching rarely fails, so most imports are inside functions.
"""

from __future__ import annotations

import errno as errnos

from rawbpf.errors import AttachError, KernelError, errno_words
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.kernel.hardware import Root
    from rawbpf.kernel.kallsyms import Symbol

__all__ = ["attach_error", "duplicates", "explain_kprobe_failure"]


def duplicates(name: str, root: Root = "/") -> list[Symbol]:
    """Return all symbols with the given name if there are several, or an empty list otherwise.

    Kernels that do not fail with EADDRNOTAVAIL silently probe the first symbol of the name. This
    function reads kallsyms, which takes 50 ms or more. Raises UnsupportedError if kallsyms cannot
    be read.
    """
    from rawbpf.kernel.kallsyms import find_symbols

    module, _, function = name.rpartition(":")
    found = [s for s in find_symbols(function, root) if not module or s.module == module]
    return found if len(found) > 1 else []


def explain_kprobe_failure(
    function: str, errno: int, *, retprobe: bool = False, offset: int = 0, root: Root = "/"
) -> AttachError:
    """Return the error to raise when opening a probe on ``function`` has failed with ``errno``.

    >>> error = explain_kprobe_failure("vfs_read", 1, root="/nonexistent")
    >>> print(error.what, error.why, sep=": ")
    cannot attach to vfs_read: this process lacks CAP_BPF and CAP_PERFMON
    """
    if errno in (errnos.EPERM, errnos.EACCES):
        from rawbpf.kernel.permission import why_denied

        why, fix = why_denied(root, call="perf_event_open")
    else:
        from rawbpf.links.diagnose_name import explain_name

        why, fix = explain_name(function, errno, root)
    place = f"{function}+{offset:#x}" if offset else function
    what = f"cannot attach to {'the return of ' if retprobe else ''}{place}"
    return AttachError(what, errno=errno, call="perf_event_open", why=why, fix=fix)


def attach_error(
    what: str, error: OSError, causes: Mapping[int, str] | None = None, fix: str | None = None
) -> AttachError:
    """Return an AttachError that says ``what`` failed, why it failed, and how to ``fix`` it.

    ``causes``: errno -> its meaning for this kind of attachment. EPERM and EACCES are explained by
    the missing permission.
    """
    number = error.errno or 0
    why = (causes or {}).get(number) or str(error)
    if not isinstance(error, KernelError):
        return _file_error(what, error)
    if number in (errnos.EPERM, errnos.EACCES):
        from rawbpf.kernel.call_error import call_error

        explained = call_error(what, error)
        why, fix = explained.why or why, explained.fix
    return AttachError(what, errno=number, call=error.call, why=why, fix=fix)


def _file_error(what: str, error: OSError) -> AttachError:
    """Explain why a file in tracefs, which root mounts with mode 0700, cannot be read."""
    number, fix = error.errno or 0, None
    why = f"cannot read {error.filename}: {errno_words(number)}"
    if number == errnos.EACCES:
        fix = "run the command with sudo or CAP_DAC_READ_SEARCH: only root may enter tracefs"
    return AttachError(what, errno=number, call="open", why=why, fix=fix)
