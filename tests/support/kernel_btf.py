"""BTF of kernels: the running one's, and those whose files RAWBPF_BTF names.

    rawbpf guest --kernel 5.10 --out DIR -- pytest -q tests/kernel/test_btf.py
    RAWBPF_BTF="$(echo DIR/btf-*)" pytest tests/unit/btf

`./tools/test` does that for each kernel of its matrix. What modules have lies beside it: in sysfs
under their names, in DIR as module-VERSION-NAME.
"""

import os
from pathlib import Path

from rawbpf.kernel.btf import vmlinux_btf

KERNELS = [path for path in [vmlinux_btf()] if path] + os.environ.get("RAWBPF_BTF", "").split()


def modules_of(kernel):
    """The largest and the smallest of its modules."""
    kernel = Path(kernel)
    beside = f"module-{kernel.name.removeprefix('btf-')}-*" if kernel.name != "vmlinux" else "*"
    sizes = {path: path.stat().st_size for path in kernel.parent.glob(beside) if path != kernel}
    return sorted({pick(sizes, key=sizes.get) for pick in (min, max)}) if sizes else []


MODULES = [(kernel, module) for kernel in KERNELS for module in modules_of(kernel)]
