"""The BTF of kernels: the running one, and the files named by RAWBPF_BTF.

    rawbpf guest --kernel 5.10 --out DIR -- pytest -q tests/kernel/test_btf.py
    RAWBPF_BTF="$(echo DIR/btf-*)" pytest tests/unit/btf

`./tools/test` does this for each kernel that it tests. The BTF for modules is next to that of the
kernel: in sysfs under their names, in DIR as module-VERSION-NAME.
"""

import os
from pathlib import Path

from rawbpf.kernel.btf import vmlinux_btf

KERNELS = [path for path in [vmlinux_btf()] if path] + os.environ.get("RAWBPF_BTF", "").split()


def modules_of(kernel):
    """Return the largest and the smallest module of a kernel."""
    kernel = Path(kernel)
    beside = f"module-{kernel.name.removeprefix('btf-')}-*" if kernel.name != "vmlinux" else "*"
    sizes = {path: path.stat().st_size for path in kernel.parent.glob(beside) if path != kernel}
    return sorted({pick(sizes, key=sizes.get) for pick in (min, max)}) if sizes else []


MODULES = [(kernel, module) for kernel in KERNELS for module in modules_of(kernel)]
