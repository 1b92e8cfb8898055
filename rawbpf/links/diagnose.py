"""Why a kprobe could not be placed: from an errno and the kernel's facts to one line for a person.

What perf_event_open(2) answers for the kprobe PMU, and why:

    ENOENT         no symbol of that name (EINVAL for a return probe up to 5.10)
    EADDRNOTAVAIL  several symbols of that name (6.7 and its stable relatives: b022f0c7e404; older
                   kernels probe the first without a word)
    EINVAL         a symbol that must not be probed: notrace, blacklisted, freed with the init code
    EILSEQ         not the beginning of an instruction
    E2BIG          a name of KSYM_NAME_LEN or more: 128 bytes, 512 from 6.1
    EACCES         no CAP_PERFMON
    EPERM          lockdown, seccomp and others: see ``rawbpf.kernel.permission``

Source: kernel/events/core.c perf_kprobe_event_init(), kernel/trace/trace_event_perf.c
perf_kprobe_init(), kernel/trace/trace_kprobe.c create_local_trace_kprobe().

Attaching imports this file and mostly does not need it, so what it needs it imports late.
"""

from __future__ import annotations

import errno as errnos
import re
from typing import TYPE_CHECKING

from rawbpf.errors import AttachError, KernelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.kernel.files import Root
    from rawbpf.kernel.kallsyms import Symbol

__all__ = ["attach_error", "check_function_name", "duplicates", "explain_kprobe_failure"]

_NAME = re.compile(r"(?:[A-Za-z0-9_]+:)?[A-Za-z_$.][A-Za-z0-9_$.]*")
_KSYM_NAME_LEN, _KSYM_NAME_LEN_BEFORE_6_1 = 512, 128


def check_function_name(name: str, root: Root = "/") -> None:
    """Raise UsageError for what is no function's name in any kernel, before any call is made.

    ``module:function`` is a name too.

    >>> check_function_name("do_sys_openat2")
    >>> try:
    ...     check_function_name("vfs_read()")
    ... except UsageError as error:
    ...     print(error)
    'vfs_read()' is no function name; leave out the '(': vfs_read
    """
    if not name:
        raise UsageError("the function name is empty", fix="give one, such as do_sys_openat2")
    limit = _KSYM_NAME_LEN
    if len(name) >= _KSYM_NAME_LEN_BEFORE_6_1:
        from rawbpf.kernel.version import kernel_version

        limit = limit if kernel_version(root=root) >= (6, 1) else _KSYM_NAME_LEN_BEFORE_6_1
    if len(name) >= limit:
        what = f"the function name {name[:20] + '...'!r} has {len(name)} characters"
        raise UsageError(what, why=f"the longest name in this kernel has {limit - 1}")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no function name", fix=_name_advice(name))


def _name_advice(name: str) -> str:
    """What to do about the first character that does not belong."""
    begin = _NAME.match(name)
    if begin is None:
        return "give a name such as do_sys_openat2" + (
            ", not an address" if name[0].isdigit() else ""
        )
    good, odd = begin[0], name[begin.end()]
    if odd in "*?[":
        return f"that is a pattern: `rawbpf list '{name}'` shows what fits it; probe one of those"
    if odd in "+-":
        return f"a probe sits on a function's entry and takes no offset: {good}"
    return f"leave out the {odd!r}: {good}"


def duplicates(name: str, root: Root = "/") -> list[Symbol]:
    """All symbols of this name if there is more than one; else an empty list.

    Kernels without the EADDRNOTAVAIL above probe the first and say nothing, so somebody must
    count. It reads kallsyms once, for 50 ms or more. UnsupportedError if that is not there.
    """
    from rawbpf.kernel.kallsyms import find_symbols

    module, _, function = name.rpartition(":")
    found = [s for s in find_symbols(function, root) if not module or s.module == module]
    return found if len(found) > 1 else []


def explain_kprobe_failure(
    function: str, errno: int, *, retprobe: bool = False, root: Root = "/"
) -> AttachError:
    """The error to raise when placing a probe on ``function`` failed with ``errno``.

    >>> error = explain_kprobe_failure("vfs_read", 1, root="/nonexistent")
    >>> print(error.what, error.why, sep=": ")
    cannot probe 'vfs_read': this process lacks CAP_BPF and CAP_PERFMON
    """
    if errno in (errnos.EPERM, errnos.EACCES):
        from rawbpf.kernel.permission import why_denied

        why, fix = why_denied(root)
    else:
        from rawbpf.links.diagnose_name import explain_name

        why, fix = explain_name(function, errno, root)
    what = f"cannot probe {'the return of ' if retprobe else ''}{function!r}"
    return AttachError(what, errno=errno, call="perf_event_open", why=why, fix=fix)


def attach_error(
    what: str, error: OSError, causes: Mapping[int, str] | None = None, fix: str | None = None
) -> AttachError:
    """Return an AttachError: ``what`` failed, why, and the ``fix``.

    ``causes``: errno -> its meaning for this kind of attachment. EPERM and EACCES are explained by
    the permission that is missing.
    """
    number = error.errno or 0
    why = (causes or {}).get(number) or str(error)
    if number in (errnos.EPERM, errnos.EACCES):
        from rawbpf.kernel.permission import why_denied

        why, fix = why_denied()
    call = error.call if isinstance(error, KernelError) else "open"
    return AttachError(what, errno=number, call=call, why=why, fix=fix)
