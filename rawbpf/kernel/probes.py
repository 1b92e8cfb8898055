"""The lists that say which functions of this kernel can be probed, brought together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.tracefs import available_filter_functions, blacklist
from rawbpf.symbols.probeable import ProbeRules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.kernel.files import Root
    from rawbpf.symbols.kallsyms import Kallsyms, Symbol

__all__ = ["probe_rules"]


def probe_rules(kallsyms: Kallsyms, symbols: Iterable[Symbol], root: Root = "/") -> ProbeRules:
    """The rules as far as this process may read them.

    A kernel built with CONFIG_KPROBE_EVENTS_ON_NOTRACE does not care about ftrace's hooks.
    """
    hooked = available_filter_functions(root)
    if hooked is not None and kernel_config("CONFIG_KPROBE_EVENTS_ON_NOTRACE", root) == "y":
        hooked = None
    return ProbeRules(kallsyms, symbols, hooked, blacklist(root))
