"""The running kernel's build configuration, used to explain why a feature is missing.

A kernel built with CONFIG_IKCONFIG_PROC exposes its configuration as /proc/config.gz. Distributions
store the configuration with the kernel image in /boot, or with the modules. Many systems have none
of these files, so an unknown configuration is not an error.
"""

from __future__ import annotations

import re

from rawbpf.arch import kernel_release
from rawbpf.errors import FormatError
from rawbpf.kernel.hardware import Root, read_bytes, read_text

__all__ = ["kernel_config"]


def kernel_config(option: str, root: Root = "/") -> str | None:
    """Return ``y``, ``m``, ``n`` or the value of a configuration option such as ``CONFIG_KPROBES``.

    Returns None if the configuration is not available.
    """
    text = _config(root)
    if text is None:
        return None
    found = re.search(rf"^{re.escape(option)}=(.*)$", text, re.MULTILINE)
    return found[1] if found else "n"


def _config(root: Root) -> str | None:
    packed = read_bytes(root, "/proc/config.gz")
    if packed is not None:
        return _unpack(packed).decode(errors="replace")
    release = read_text(root, "/proc/sys/kernel/osrelease") or kernel_release()
    for path in (f"/boot/config-{release}", f"/lib/modules/{release}/config"):
        text = read_text(root, path)
        if text is not None:
            return text
    return None


def _unpack(packed: bytes) -> bytes:
    import zlib
    from gzip import BadGzipFile, decompress

    try:
        return decompress(packed)
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise FormatError("/proc/config.gz is damaged", why=str(error)) from None
