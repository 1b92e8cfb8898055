"""Where a name of the kernel's is described: in the image's types, or in those of a module.

The image first, then the modules in the order in which they were loaded, as libbpf does: both must
find the same when several have a name. What is in the image costs no look at any module.

    nft_do_chain              wherever it is
    nf_tables:nft_do_chain    in this module, and nowhere else
    vmlinux:vfs_read          in the image, and nowhere else

Modules describe their types since 5.11 (36e68442d1af), if the kernel was built with
CONFIG_DEBUG_INFO_BTF_MODULES.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.kernel.modules import loaded_modules

if TYPE_CHECKING:
    from rawbpf.collection.kernel_facts import KernelFacts

__all__ = ["KernelType", "Missing", "find_type", "split_module", "why_missing"]

IMAGE = "vmlinux"


class KernelType(NamedTuple):
    """A type's id, and the module whose types it is among; empty for the image's own."""

    type_id: int
    module: str = ""


class Missing(NamedTuple):
    """Why there is no such type, and what to do about it."""

    why: str
    fix: str | None = None


def split_module(name: str) -> tuple[str, str]:
    """The module that a name asks for, if any, and the rest.

    >>> split_module("nf_tables:nft_do_chain"), split_module("vfs_read")
    (('nf_tables', 'nft_do_chain'), ('', 'vfs_read'))
    """
    module, _, rest = name.rpartition(":")
    return module.replace("-", "_"), rest


def find_type(kernel: KernelFacts, name: str, kind: int, module: str = "") -> KernelType | None:
    """The first of this name and kind; ``module``: only there."""
    if module in ("", IMAGE):
        number = kernel.require_types().find_id(name, kind)
        if number is not None:
            return KernelType(number)
    for owner, types in kernel.modules.items() if module != IMAGE else ():
        if module in ("", owner):
            ids = types.own_ids(name, kind)
            if ids:
                return KernelType(ids[0], owner)
    return None


def why_missing(kernel: KernelFacts, name: str, module: str = "") -> Missing:
    """Why ``find_type`` found nothing: what the kernel's list of symbols knows of the name."""
    if module and module != IMAGE and module not in loaded_modules():
        return Missing(f"no module {module} is loaded", f"load it: modprobe {module}")
    owners = [module] if module else [one for one in kernel.owners(name) if one]
    untyped = [one for one in owners if one != IMAGE and one not in kernel.modules]
    if untyped:
        return Missing(
            f"module {untyped[0]} does not describe its types",
            "it takes Linux 5.11 and CONFIG_DEBUG_INFO_BTF_MODULES; a kprobe works without",
        )
    if module:
        where = "the kernel image" if module == IMAGE else f"module {module}"
        return Missing(f"the types of {where} do not know {name}: not there, or inlined")
    return Missing(
        f"its types do not know {name}: not there, inlined, not compiled in, "
        "or in a module that is not loaded"
    )
