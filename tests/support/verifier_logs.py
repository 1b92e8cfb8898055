"""Real logs of four kernels. Some of them are of level 2."""

from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden" / "verifier"
KERNELS = ("5.10", "6.1", "6.12", "7.2")


def logs(kernel: str) -> dict[str, str]:
    """Return the logs of a kernel by name."""
    parts = (GOLDEN / f"{kernel}.log").read_text().split("=== ")[1:]
    return {name: log for name, _, log in (part.partition("\n") for part in parts)}


def every_log() -> list[str]:
    """Return the logs of all rule examples and gallery programs, and single messages."""
    examples = [log for kernel in KERNELS for log in logs(kernel).values()]
    gallery = [path.read_text() for path in sorted(GOLDEN.glob("*/*.log"))]
    messages = (GOLDEN / "messages.txt").read_text().splitlines()
    return examples + gallery + [one.partition(" ")[2].replace(" // ", "\n") for one in messages]
