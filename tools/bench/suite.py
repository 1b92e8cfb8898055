"""Compare rawbpf with libbpf, bcc and bpftrace in one boot of a guest, and print a table.

Usage:
  run [options] [<kernel>]
  run (-h | --help)

KERNEL is a version or a Debian suite, 6.1 by default. bcc is included if Debian's headers of that
kernel can be downloaded. Emulated processors make absolute times meaningless, so compare the
columns of a row.

Options:
  --rounds=<n>   Rounds; each runs every tracer once [default: 3].
  --json=<file>  Also write the results, with machine and kernel, to this file.
  --page=<file>  Also replace the text between the "result" markers of this Markdown page.
  -h, --help     Show this help.
"""

from __future__ import annotations

import json
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from docopt import docopt

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

from markdown_table import table as markdown  # noqa: E402 -- after the path is set
from system_packages import EMULATOR, install  # noqa: E402 -- likewise

from rawbpf.command_words import own_python, path_word  # noqa: E402 -- likewise

HERE = Path(__file__).resolve().parent
BUILT = ROOT / "build" / "bench"
INCLUDES = "/usr/include/x86_64-linux-gnu"
PEERS = EMULATOR | {
    "cc": "gcc libc6-dev",
    "clang-14": "clang-14",
    "/usr/include/bpf/libbpf.h": "libbpf-dev libelf-dev",
    "bpftrace": "bpftrace",
    "/usr/lib/python3/dist-packages/bcc": "python3-bpfcc",
}
"""Maps the programs and files that the peers need to their Debian packages."""

LIBBCC = "/usr/lib/x86_64-linux-gnu/libbcc.so.0"
LIBRT = "/usr/lib/x86_64-linux-gnu/librt.so.1"  # bcc opens the library by this name
COLUMNS = (
    "no tracer", "python -c pass", "libbpf C", "bpftrace", "bcc",
    "rawbpf API", "rawbpf kprobe", "rawbpf kprobe --json",
)  # fmt: skip


def build() -> None:
    """Compile the producer, the libbpf reader and its object."""
    BUILT.mkdir(parents=True, exist_ok=True)
    peers = HERE / "peers"
    libraries = ["-l:libbpf.a", "-lelf", "-lz"]
    source_and_object = [path_word(peers / "events.bpf.c"), "-o", str(BUILT / "events.bpf.o")]
    for command in (
        ["cc", "-O2", path_word(peers / "producer.c"), "-o", str(BUILT / "producer")],
        ["cc", "-O2", path_word(peers / "reader.c"), "-o", str(BUILT / "reader"), *libraries],
        ["clang-14", "-O2", "-g", "-target", "bpf", "-I", INCLUDES, "-c", *source_and_object],
    ):
        subprocess.run(command, check=True)


def release_of(kernel: str) -> str:
    """Return the release of the guest's kernel."""
    ask = ["python", "-c", "import os; print(os.uname().release)"]
    done = subprocess.run([*guest(kernel), "--", *ask], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


def guest(kernel: str) -> list[str]:
    return own_python("rawbpf", "guest", f"--kernel={kernel}", "--no-workload")


def headers(release: str, to: Path) -> Path | None:
    """Unpack Debian's headers for the kernel into folder ``to``, or return None if there are none.

    bcc compiles its programs with kernel headers, which are split into two packages: one for the
    flavour and one for all flavours.
    """
    common = re.sub(r"-cloud.*|-amd64.*", "-common", release)
    names = [f"linux-headers-{release}", f"linux-headers-{common}"]
    done = subprocess.run(["apt-get", "download", "-q", *names], cwd=to, check=False)
    packages = sorted(to.glob("*.deb"))
    if done.returncode or len(packages) != len(names):
        return None
    for package in packages:
        subprocess.run(["dpkg", "-x", package, path_word(to)], check=True)
    return to / "usr" / "src"


def libraries(path: str) -> list[str]:
    """Return the library and the libraries that it needs, as listed by ldd(1)."""
    done = subprocess.run(["ldd", path], capture_output=True, text=True, check=True)
    return [path, *re.findall(r"=> (/\S+)", done.stdout)]


def measure(kernel: str, rounds: int) -> tuple[dict[str, list[float]], str]:
    """Run the comparison in a guest, and return its results and the kernel's release."""
    release = release_of(kernel)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        add = [str(HERE), str(BUILT), str(BUILT / "reader"), str(BUILT / "producer")]
        add += ["/usr/bin/bpftrace"]
        source = headers(release, Path(folder))
        if source is not None:
            add += [str(source), "/usr/lib/python3/dist-packages/bcc", LIBRT, *libraries(LIBBCC)]
        command = [*guest(kernel), "--memory", "4G"]
        for path in add:
            command += ["--add", path]
        script = ["python", str(HERE / "tracers.py"), str(rounds), str(source or "")]
        done = subprocess.run(
            [*command, "--", *script], stdout=subprocess.PIPE, text=True, check=True
        )
    found = re.search(r"^RESULTS (.*)$", done.stdout, re.MULTILINE)
    if found is None:
        raise SystemExit(f"bench: no results in the guest's output:\n{done.stdout}")
    return json.loads(found[1]), release


def table(results: dict[str, list[float]]) -> str:
    """Return the medians as a table with one row per quantity and one column per tracer."""
    rows: dict[str, dict[str, str]] = {}
    for key, values in results.items():
        row, _, tracer = key.partition(" | ")
        rows.setdefault(row, {})[tracer] = f"{number(statistics.median(values))} {spread(values)}"
    columns = [name for name in COLUMNS if any(name in cells for cells in rows.values())]
    lines = [[row, *(cells.get(name, "") for name in columns)] for row, cells in rows.items()]
    return markdown(" | ".join(["Same work", *columns]), lines)


def spread(values: list[float]) -> str:
    """Format half the distance between the smallest and the largest value, for use in a table.

    >>> spread([1.0, 2.0, 4.0])
    '±1.5'
    """
    return f"±{number((max(values) - min(values)) / 2)}"


def number(value: float) -> str:
    """Return a number with three digits, or a whole number.

    >>> number(0.12345), number(96520.4)
    ('0.123', '96,520')
    """
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def machine() -> str:
    """Return the processor's name, the number of CPUs, and the version of Python."""
    info = Path("/proc/cpuinfo").read_text("utf-8")
    model = re.search(r"model name\s*: (.*)", info)
    name = model[1] if model else platform.machine()
    cpus = info.count("processor\t:")
    return f"{name}, {cpus} CPUs, Python {platform.python_version()}"


def write_page(page: Path, text: str) -> None:
    """Replace the text between ``<!-- result -->`` and ``<!-- end -->``."""
    before, start, rest = page.read_text("utf-8").partition("<!-- result -->\n")
    _, end, after = rest.partition("<!-- end -->")
    page.write_text(f"{before}{start}{text}\n{end}{after}", "utf-8")


def main() -> None:
    arguments = docopt(__doc__ or "", sys.argv[1:])
    absent = install(PEERS)
    if absent:
        raise SystemExit(f"bench: not installed: {', '.join(absent)}")
    build()
    results, release = measure(arguments["<kernel>"] or "6.1", int(arguments["--rounds"]))
    rounds = arguments["--rounds"]
    text = (
        f"Linux {release} in a guest with two emulated CPUs; host: {machine()}; "
        f"{date.today()}; medians of {rounds} round(s), ± half the range.\n\n{table(results)}"
    )
    print(text)
    if arguments["--page"]:
        write_page(Path(arguments["--page"]), text)
    if arguments["--json"]:
        report = {"kernel": release, "host": machine(), "results": results}
        Path(arguments["--json"]).write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
