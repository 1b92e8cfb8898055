"""Tell linear from quadratic time by the CPU time of two sizes, on a busy machine too."""

from time import process_time

NOTICEABLE = 0.02
"""Seconds of CPU time. What takes less is not worth a comparison."""
APART = 8
LINEAR = 24
"""An input that is ``APART`` times as long costs 8 times as much if linear, 64 if quadratic."""


def once(run, text):
    begin = process_time()
    run(text)
    return process_time() - begin


def grows_too_fast(run, of_size, sizes):
    """Return whether an input costs out of proportion to a shorter one.

    ``of_size`` makes the input. ``sizes`` ascend, so that exponential time is found while it is
    still short.
    """
    for size in sizes:
        text = of_size(size)
        if once(run, text) > NOTICEABLE:
            shorter = of_size(size // APART)
            long, short = (min(once(run, one) for _ in range(3)) for one in (text, shorter))
            if long > NOTICEABLE and long > LINEAR * short:
                return True
    return False
