"""Draw a terminal session as an animated SVG, in which each line appears when it was printed.

The picture contains no script and loads no fonts. Viewers who prefer reduced motion see only the
final frame."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from html import escape
from pathlib import Path
from typing import NamedTuple

from rawbpf.command_words import own_python

__all__ = ["PICTURES", "Line", "draw", "record", "svg"]

COLUMNS = 100
_LONGEST_PAUSE = 0.9
"""The maximum pause in seconds; longer pauses, such as a guest's boot, are shortened."""
_BETWEEN = 1.6
_LINE, _LEFT, _TOP, _WIDTH_OF_A_CHARACTER = 19, 18, 52, 8.43
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r")


class Line(NamedTuple):
    """One line of a session, and the number of seconds after which it appeared."""

    at: float
    text: str
    typed: bool = False


def record(command: list[str], shown: str) -> list[Line]:
    """Run a command on a pseudo-terminal; return a prompt with ``shown`` and the output lines."""
    lines, begun, pending = [Line(0.0, f"$ {shown}", typed=True)], time.monotonic(), b""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    environment = os.environ | {"TERM": "dumb"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # EIO means that the command has closed the terminal
                break
            *whole, pending = (pending + data).split(b"\n")
            at = time.monotonic() - begun
            for one in whole:
                lines += [Line(at, row) for row in _rows(_ESCAPES.sub("", one.decode()))]
    os.close(ours)
    return lines


def _rows(text: str) -> list[str]:
    """Wrap a line as a terminal does, at the last column."""
    return [text[at : at + COLUMNS] for at in range(0, max(len(text), 1), COLUMNS)]


def shorten(lines: list[Line]) -> list[Line]:
    """Shorten long pauses, so that viewers do not have to wait while a guest boots."""
    shortened, at, last = [], 0.0, 0.0
    for line in lines:
        wait = min(line.at - last, _LONGEST_PAUSE) if line.at >= last else _BETWEEN
        at, last = at + wait, line.at
        shortened.append(line._replace(at=round(at, 2)))
    return shortened


def svg(lines: list[Line], title: str, description: str) -> str:
    """Return the session as an SVG document that plays once."""
    height = _TOP + _LINE * len(lines) + 14
    width = round(2 * _LEFT + COLUMNS * _WIDTH_OF_A_CHARACTER)
    rows = "\n".join(_row(number, line) for number, line in enumerate(lines))
    return _PAGE.format(
        width=width, height=height, title=escape(title), description=escape(description), rows=rows
    )


def _row(number: int, line: Line) -> str:
    kind = "typed" if line.typed else "out"
    y = _TOP + _LINE * number
    return (
        f'<text class="{kind}" x="{_LEFT}" y="{y}" style="animation-delay:{line.at}s">'
        f"{escape(line.text.expandtabs())}</text>"
    )


_PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img" aria-labelledby="title description">
<title id="title">{title}</title>
<desc id="description">{description}</desc>
<style>
text {{ font: 14px/1.35 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono",
  monospace;
  fill: #d7dde5; white-space: pre; opacity: 0; animation: appear 0.01s forwards; }}
.typed {{ fill: #8bd5a5; font-weight: 600; }}
@keyframes appear {{ to {{ opacity: 1; }} }}
@media (prefers-reduced-motion: reduce) {{ text {{ opacity: 1; animation: none; }} }}
</style>
<rect width="{width}" height="{height}" rx="9" fill="#14181f"/>
<circle cx="22" cy="20" r="6" fill="#e0605a"/><circle cx="42" cy="20" r="6" fill="#e0b04a"/>
<circle cx="62" cy="20" r="6" fill="#5fb768"/>
{rows}
</svg>
"""


class Picture(NamedTuple):
    """A session of several commands; ``commands`` maps the displayed text to the words to run."""

    title: str
    description: str
    commands: dict[str, list[str]]


_RAWBPF = own_python("rawbpf")
PICTURES = {
    "docs/pictures/session.svg": Picture(
        "rawbpf in a terminal",
        "rawbpf kprobe traces a kernel function in a guest and accounts for each event. "
        "rawbpf load shows why the verifier rejects a program, and a change that makes the "
        "kernel accept it.",
        {
            "rawbpf guest kprobe do_sys_openat2 -d 1": [
                *_RAWBPF, "guest", "kprobe", "do_sys_openat2", "-d", "1",
            ],
            "sudo rawbpf load bpf_src/rejected/05-null_not_checked.bpf.s": [
                *_RAWBPF, "load", "bpf_src/rejected/05-null_not_checked.bpf.s",
            ],
        },
    )
}  # fmt: skip


def draw(name: str) -> str:
    """Record a picture's commands, write the SVG, and return the file name."""
    picture, lines = PICTURES[name], []
    for shown, command in picture.commands.items():
        lines += [*record(command, shown), Line(0.0, "")]
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(svg(shorten(lines[:-1]), picture.title, picture.description))
    return name
