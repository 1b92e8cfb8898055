import pytest

from rawbpf.guest.console import Console


def test_lines_may_be_split():
    console = Console()
    assert console.feed(b"[ 0.1] one\r\n[ 0.2") == ["[ 0.1] one"]
    assert console.feed(b"] two\r\n\r\n") == ["[ 0.2] two"]
    assert console.feed(b"rest") == []
    assert console.text() == "[ 0.1] one\n[ 0.2] two\nrest"


def test_only_the_last_lines_are_kept():
    console = Console()
    console.feed(b"".join(b"line %d\n" % number for number in range(1000)))
    lines = console.text().splitlines()
    assert lines[-1] == "line 999"
    assert len(lines) < 100


def test_memory_of_an_endless_line_is_limited():
    console = Console()
    for _ in range(100):
        console.feed(b"x" * 1000)
    assert len(console.text()) <= 2000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[    1.2] Kernel panic - not syncing: sysrq", "Kernel panic - not syncing: sysrq"),
        ("[    1.2] BUG: kernel NULL pointer", "BUG: kernel NULL pointer"),
        ("cannot load module /x.ko: Exec format error",) * 2,
        ("[    1.2] all is well", None),
    ],
)
def test_the_reason_is_found_on_the_console(line, reason):
    console = Console()
    console.feed(line.encode() + b"\n")
    assert console.reason() == reason
