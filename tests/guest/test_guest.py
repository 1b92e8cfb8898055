import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

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
import glob, json, os, sys
with open(sys.argv[1]) as file:
    added = file.read()
with open("/out/result", "w") as file:
    file.write("from the guest")
os.symlink("result", "/out/link")
sys.stderr.write("to stderr\\n")
sys.stdout.write(json.dumps({
    "added": added, "cwd": os.getcwd(), "uid": os.getuid(), "pid": os.getpid(),
    "guest": os.environ["RAWBPF_GUEST"], "release": os.uname().release,
    "kernel": os.environ["RAWBPF_GUEST_KERNEL"], "python": sys.version, "prefix": sys.prefix,
    "ttys": [os.isatty(fd) for fd in range(3)], "stdin": sys.stdin.read(),
    "mounts": [line.split()[2] for line in open("/proc/mounts")],
    "config": "CONFIG_BPF_SYSCALL=y" in open(f"/boot/config-{os.uname().release}").read(),
    "loopback": open("/sys/class/net/lo/operstate").read().strip(),
    "commands": [open(path).read() for path in glob.glob("/proc/[0-9]*/cmdline")],
}))
sys.exit(7)
"""


def test_a_command_runs_as_it_would_here(tmp_path):
    script, data, out = tmp_path / "script.py", tmp_path / "data", tmp_path / "out"
    script.write_text(SEEN_INSIDE)
    data.write_text("some data")
    done = guest(
        "--out", out, "--", "python", "script.py", "data", cwd=tmp_path, input=b"typed", stdin=None
    )
    assert done.returncode == 7, done.stderr
    seen = json.loads(done.stdout)
    assert seen["added"] == "some data"
    assert seen["stdin"] == "typed"
    assert seen["config"]
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


def test_the_main_job():
    done = guest("kprobe", "do_sys_openat2", "-d", "1")
    assert done.returncode == 0, done.stderr
    assert b"kprobe triggered!" in done.stdout
    assert done.stdout.endswith(b"Kprobe detached. Exiting.\n")


def test_bulk_data_both_ways(tmp_path):
    data = os.urandom(1 << 20) * 5
    (tmp_path / "data").write_bytes(data)
    with (tmp_path / "data").open("rb") as file:
        done = guest("--no-workload", "--", "cat", stdin=file)
    assert done.returncode == 0, done.stderr
    assert done.stdout == data


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 3), (signal.SIGTERM, 128 + 15)])
def test_signals_reach_the_command(number, status):
    code = "import time\ntry: print(flush=True); time.sleep(99)\nexcept KeyboardInterrupt: exit(3)"
    process = begin("python", "-c", code)
    process.stdout.readline()
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == status, said.decode()


def test_a_closed_stdout_ends_the_command():
    code = "try:\n  while True: print('x' * 100)\nexcept BrokenPipeError: import os; os._exit(3)"
    process = begin("python", "-c", code)
    process.stdout.readline()
    process.stdout.close()
    process.stderr.read()
    process.stderr.close()
    assert process.wait() == 3


def test_a_prompt_on_a_terminal():
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


def test_a_command_that_will_not_stop_can_be_left():
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


def test_a_panic_is_told_with_the_kernels_last_lines():
    done = guest("--", "python", "-c", "open('/proc/sysrq-trigger', 'w').write('c')")
    assert done.returncode == 1
    said = done.stderr.decode().splitlines()
    assert said[-2].endswith("Kernel panic - not syncing: sysrq triggered crash")
    assert said[-1] == "(more with -v)"
    assert any(line.startswith("guest: [") and "Kernel panic" in line for line in said[1:-2])


def test_a_command_that_takes_too_long_is_stopped():
    done = guest("--timeout", "0.5", "--", "python", "-c", "import time; time.sleep(99)")
    assert done.returncode == 1
    assert b"the guest was stopped: the command took longer than 0.5 s" in done.stderr


def test_what_is_no_kernel(tmp_path):
    (tmp_path / "vmlinuz").write_bytes(bytes(4096))
    done = guest("--kernel", tmp_path / "vmlinuz", "--", "python", "-c", "")
    assert done.returncode == 1
    assert b"the guest ended before its command" in done.stderr


def test_qemu_does_not_outlive_its_parent():
    process = begin("python", "-c", "import time; print(flush=True); time.sleep(99)")
    process.stdout.readline()
    (emulator,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    descriptor = os.pidfd_open(int(emulator))
    process.kill()
    process.communicate()
    import select

    assert select.select([descriptor], [], [], 20)[0], "it runs on"
    os.close(descriptor)


def test_without_qemu_it_says_what_to_install(tmp_path):
    done = guest("--", "python", "-c", "", env=os.environ | {"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert b"apt install qemu-system-x86" in done.stderr
    assert b"dnf install" in done.stderr
    assert b"pacman -S" in done.stderr


def test_c_files_are_compiled_outside():
    done = guest("--no-workload", "load", "bpf_src/tail_calls.bpf.c", "--json")
    assert done.returncode == 0, done.stderr
    names = [row["name"] for row in json.loads(done.stdout)["programs"]]
    assert sorted(names) == ["choose", "keep_ten", "keep_twenty"]
