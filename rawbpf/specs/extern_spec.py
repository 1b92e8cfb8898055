"""The blueprint of what a program expects the kernel to have: a setting, a variable, a function.

C declares them ``extern``. Where they are, or what they are, is known only on the machine that
loads the program.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ExternSpec"]


class ExternSpec(NamedTuple):
    """One extern.

    ``kind``: "kconfig" (a setting of the kernel's configuration, which becomes a variable in the
    map ".kconfig", ``size`` bytes at ``offset``), "ksym" (a kernel variable) or "kfunc" (a kernel
    function). ``type_id``: its type in the object's BTF; 0 for a ksym without one, of which only
    the address is wanted. ``weak``: its absence is no error; it is 0 then.

    >>> ExternSpec("CONFIG_HZ", "kconfig", type_id=3, size=4).weak
    False
    """

    name: str
    kind: str
    type_id: int = 0
    weak: bool = False
    offset: int = 0
    size: int = 0
