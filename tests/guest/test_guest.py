import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from rawbpf.guest import cache

RAWBPF = [sys.executable, "-m", "rawbpf"]
PROMPT = 120  # seconds; an emulated machine on a busy host is slow

pytestmark = pytest.mark.timeout(300)


def guest(*words, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    command = [*RAWBPF, "guest", *words]
    return subprocess.run(command, capture_output=True, timeout=240, **options)


def begin(*words, **options):
    command = [*RAWBPF, "guest", "--no-workload", "--", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


SEEN_INSIDE = """
import glob, json, os, shutil, sys
with open(sys.argv[1]) as file:
    added = file.read()
with open("/out/result", "w") as file:
    file.write("from the guest")
os.symlink("result", "/out/link")
sys.stderr.write("to stderr\\n")
print(json.dumps({
    "added": added, "cwd": os.getcwd(), "uid": os.getuid(), "pid": os.getpid(),
    "guest": os.environ["RAWBPF_GUEST"], "release": os.uname().release,
    "kernel": os.environ["RAWBPF_GUEST_KERNEL"], "python": sys.version, "prefix": sys.prefix,
    "ttys": [os.isatty(fd) for fd in range(3)],
    "mounts": [line.split()[2] for line in open("/proc/mounts")],
    "config": "CONFIG_BPF_SYSCALL=y" in open(f"/boot/config-{os.uname().release}").read(),
    "modules": [line.split()[0] for line in open("/proc/modules")],
    "loopback": open("/sys/class/net/lo/operstate").read().strip(),
    "commands": [open(path).read() for path in glob.glob("/proc/[0-9]*/cmdline")],
}), flush=True)
shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)
sys.exit(7)
"""


def test_a_command_with_files_environment_and_output(tmp_path):
    script, data, out = tmp_path / "script.py", tmp_path / "data", tmp_path / "out"
    script.write_text(SEEN_INSIDE)
    data.write_text("some data")
    typed = os.urandom(1 << 20) * 5
    options = ["--out", out, "--module", "nf-conntrack"]
    done = guest(
        *options, "--", "python", "script.py", "data", cwd=tmp_path, input=typed, stdin=None
    )
    assert done.returncode == 7, done.stderr
    told, _, echoed = done.stdout.partition(b"\n")
    assert echoed == typed
    seen = json.loads(told)
    assert seen["added"] == "some data"
    assert seen["config"]
    assert {"nf_conntrack", "nf_defrag_ipv4"} <= set(seen["modules"])  # and what it needs
    assert seen["cwd"] == str(tmp_path)
    assert seen["uid"] == 0
    assert seen["guest"] == "1"
    assert seen["release"] == seen["kernel"] != os.uname().release
    assert (seen["python"], seen["prefix"]) == (sys.version, sys.prefix)
    assert seen["ttys"] == [False] * 3
    assert {"proc", "sysfs", "devtmpfs", "tracefs", "debugfs", "bpf", "cgroup2"} <= set(
        seen["mounts"]
    )
    assert seen["loopback"] == "unknown"  # which is how a loopback interface is up
    assert any("workload" in command for command in seen["commands"])
    assert (out / "result").read_text() == "from the guest"
    assert (out / "link").readlink() == Path("result")
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith(f"guest: Linux {seen['release']}, 2 CPUs, ")
    assert "workload: opens, reads and writes a file" in lines[0]
    assert lines[1:] == ["to stderr"]


def test_kprobe():
    done = guest("kprobe", "do_sys_openat2", "-d", "1")
    assert done.returncode == 0, done.stderr
    assert b"kprobe triggered!" in done.stdout
    assert done.stdout.endswith(b"Kprobe detached. Exiting.\n")


def test_signals_reach_the_command():
    code = (
        "import time\ntry: print(flush=True); time.sleep(99)\n"
        "except KeyboardInterrupt: print(flush=True); time.sleep(99)"
    )
    process = begin("python", "-c", code)
    for number in (signal.SIGINT, signal.SIGTERM):
        process.stdout.readline()
        process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == 128 + 15, said.decode()


def test_a_closed_stdout_stops_the_command():
    code = "try:\n  while True: print('x' * 100)\nexcept BrokenPipeError: import os; os._exit(3)"
    process = begin("python", "-c", code)
    process.stdout.readline()
    process.stdout.close()
    process.stderr.read()
    process.stderr.close()
    assert process.wait() == 3


def test_the_python_prompt_on_a_terminal():
    shell = pexpect.spawn(
        sys.executable, ["-m", "rawbpf", "guest", "--no-workload"],
        encoding="utf-8", timeout=PROMPT, dimensions=(33, 111),
    )  # fmt: skip
    shell.expect(">>> ")
    shell.sendline("import os; print(os.isatty(0), os.get_terminal_size(), rawbpf.__name__)")
    shell.expect(r"True os.terminal_size\(columns=111, lines=33\) rawbpf")
    shell.expect(">>> ")
    shell.sendline("import time; print('sleeping'); time.sleep(99)")
    shell.expect("sleeping\r\n")
    shell.sendintr()
    shell.expect("KeyboardInterrupt")
    shell.expect(">>> ")
    shell.sendline("raise SystemExit(5)")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 5


def test_three_ctrl_c_stop_the_guest():
    code = (
        "import signal, time; signal.signal(2, signal.SIG_IGN); print(flush=True); time.sleep(99)"
    )
    process = begin("python", "-c", code)
    process.stdout.readline()
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)  # apart, or the kernel makes one of them
    _, said = process.communicate()
    assert process.returncode == 130, said.decode()


def test_a_panic_shows_the_kernels_last_lines():
    done = guest("--", "python", "-c", "open('/proc/sysrq-trigger', 'w').write('c')")
    assert done.returncode == 1
    said = done.stderr.decode().splitlines()
    assert said[-2].endswith("Kernel panic - not syncing: sysrq triggered crash")
    assert said[-1] == "(more with -v)"
    assert any(line.startswith("guest: [") and "Kernel panic" in line for line in said[1:-2])


def test_timeout():
    done = guest("--timeout", "0.5", "--", "python", "-c", "import time; time.sleep(99)")
    assert done.returncode == 1
    assert b"the guest was stopped: the command ran longer than 0.5 s" in done.stderr


def test_a_file_that_is_not_a_kernel(tmp_path):
    (tmp_path / "vmlinuz").write_bytes(bytes(4096))
    done = guest("--kernel", tmp_path / "vmlinuz", "--", "python", "-c", "")
    assert done.returncode == 1
    assert b"the guest ended before its command" in done.stderr


def test_qemu_ends_with_its_parent():
    process = begin("python", "-c", "import time; print(flush=True); time.sleep(99)")
    process.stdout.readline()
    (emulator,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    descriptor = os.pidfd_open(int(emulator))
    process.kill()
    process.communicate()
    import select

    assert select.select([descriptor], [], [], 20)[0], "it runs on"
    os.close(descriptor)


def test_missing_qemu_names_the_package(tmp_path):
    done = guest("--", "python", "-c", "", env=os.environ | {"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert b"apt install qemu-system-x86" in done.stderr
    assert b"dnf install" in done.stderr
    assert b"pacman -S" in done.stderr


def test_verify_diff_of_two_kernels_with_a_c_file():
    """Callbacks from helpers came with 5.13: 5.10 rejects them, 6.1 does not."""
    command = [*RAWBPF, "verify", "bpf_src/callbacks.bpf.c", "--diff", "5.10,6.1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    first, heads, verdict, *counts = done.stdout.splitlines()
    assert first == "sum_of_squares"
    assert heads.split() == ["5.10", "6.1"]
    assert verdict.split() == ["verdict", "rejected", "[RB-V020]", "accepted"]
    assert counts[0].split()[:2] == ["insns", "0"]
    assert int(counts[0].split()[2]) > 30
    assert "  5.10 did not verify any instructions" in counts


def test_the_next_guest_knows_what_a_guest_learned_about_its_kernel(tmp_path):
    """The first guest stores the index of its kernel's types, and the host keeps the file."""
    kernels = cache.place("kernels")
    (tmp_path / "kernels").symlink_to(kernels)
    environment = os.environ | {"RAWBPF_CACHE": str(tmp_path)}
    (tmp_path / "images").symlink_to(cache.place("images"))
    before = "import os; print(os.path.exists(os.environ['RAWBPF_CACHE'] + '/types'))"
    look_up = "from rawbpf.kernel.type_index import kernel_types; kernel_types()"
    for known in (b"False\n", b"True\n"):
        done = guest("--no-workload", "--", "python", "-c", f"{before}; {look_up}", env=environment)
        assert (done.returncode, done.stdout) == (0, known), done.stderr
    (index,) = tmp_path.glob("guest-types/*/*")
    assert index.stat().st_size > 10_000


def test_the_workload_may_be_a_script(tmp_path):
    script = tmp_path / "load.sh"
    script.write_text("echo ran > /tmp/workload-ran; sleep 100\n")
    look = "import os, time\nwhile not os.path.exists('/tmp/workload-ran'): time.sleep(0.1)"
    done = guest("--workload", f"sh {script}", "--timeout=60", "--", "python", "-c", look)
    assert done.returncode == 0, done.stderr


def test_the_gallery_in_a_guest_names_files_of_this_machine():
    done = guest("--no-workload", "gallery", "1")
    assert done.returncode == 0, done.stderr
    named = [w for w in done.stdout.decode().replace("`", " ").split() if w.endswith(".bpf.s")]
    assert all(Path(word).is_file() for word in named if "/" in word)
    assert "/tmp/" not in done.stdout.decode()
