"""BTF of kernels: the running one's, and those whose files RAWBPF_BTF names.

    rawbpf guest --kernel 5.10 --out DIR -- pytest -q tests/kernel/test_btf.py
    RAWBPF_BTF="$(echo DIR/btf-*)" pytest tests/unit/btf

`./tools/test` does that for each kernel of its matrix.
"""

import os

from rawbpf.kernel.btf import vmlinux_btf

KERNELS = [path for path in [vmlinux_btf()] if path] + os.environ.get("RAWBPF_BTF", "").split()
