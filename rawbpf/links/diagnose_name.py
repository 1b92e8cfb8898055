"""The half of a diagnosis that looks at the function's name and at the kernel's lists of names.

How much can be told depends on what may be read. kallsyms shows the names to everybody (only
addresses are ever hidden); ftrace's list and the blacklist are root's, and root is who mostly gets
this far.
"""

from __future__ import annotations

import errno as errnos
from typing import TYPE_CHECKING

from rawbpf.errors import UnsupportedError, errno_words
from rawbpf.kernel.btf import loaded_modules
from rawbpf.kernel.kallsyms import read_kallsyms
from rawbpf.kernel.permission import Reason
from rawbpf.kernel.probeable import probe_rules

if TYPE_CHECKING:
    from rawbpf.kernel.files import Root
    from rawbpf.kernel.kallsyms import Kallsyms, Symbol

__all__ = ["explain_name"]


def explain_name(function: str, errno: int, root: Root = "/") -> Reason:
    """Why ``function`` (or ``module:function``) cannot be probed, and what to do."""
    module, _, name = function.rpartition(":")
    try:
        kallsyms = read_kallsyms(root)
    except UnsupportedError as error:
        return Reason(errno_words(errno), f"{error.what}, so no more can be said")
    found = [s for s in kallsyms.lookup(name) if not module or s.module == module]
    if not found:
        return _absent(module, name, kallsyms, root)
    if errno == errnos.EADDRNOTAVAIL or (errno == errnos.EINVAL and len(found) > 1):
        return _ambiguous(name, found)
    if errno == errnos.EILSEQ:
        return Reason("its entry is not where an instruction begins", "probe a caller or a callee")
    return _known(found[0], kallsyms, errno, root)


def _absent(module: str, name: str, kallsyms: Kallsyms, root: Root) -> Reason:
    """No symbol of that name: misspelt, inlined, of another kernel or of a module."""
    if module and module not in loaded_modules(root):
        return Reason(f"no module {module} is loaded", f"load it: modprobe {module}")
    where = f"the module {module}" if module else "this kernel"
    near = kallsyms.near(name)
    if near:
        meant = f"did you mean {' or '.join(near)}?"
        return Reason(f"{where} has no function of that name", meant)
    return Reason(
        f"{where} has no function of that name (it may be inlined, or in a module not loaded)",
        f"look for another: `rawbpf list '*{name[:8]}*'`",
    )


def _ambiguous(name: str, found: list[Symbol]) -> Reason:
    """Several symbols share the name, and the kernel will not choose."""
    owners = sorted({symbol.module for symbol in found if symbol.module})
    number = len(found) if len(found) > 1 else "several"
    why = f"{number} symbols of this kernel have that name, and it cannot know which is meant"
    if owners:
        return Reason(why, f"name the module: {' or '.join(f'{o}:{name}' for o in owners)}")
    return Reason(why, "probe a function that calls it, or one that it calls")


def _known(symbol: Symbol, kallsyms: Kallsyms, errno: int, root: Root) -> Reason:
    """The name is there, once: so something is wrong with what it stands for."""
    aliases = [symbol] if kallsyms.hidden else kallsyms.at(symbol.address)
    obstacle = probe_rules(kallsyms, aliases, root).obstacle(symbol)
    if obstacle is not None:
        return Reason(obstacle, "probe a function that calls it, or one that it calls")
    if errno == errnos.EINVAL:
        why = f"{errno_words(errno)}: the kernel does not let this function be probed"
        if "." in symbol.name:
            why += " (it is a variant that the compiler made, and some kernels refuse those)"
        return Reason(why, "`sudo rawbpf list` shows which can be")
    return Reason(errno_words(errno), "look for what the kernel says about it in `dmesg`")
