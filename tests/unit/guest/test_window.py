import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import FormatError
from rawbpf.guest.wire.window import Window, windows


@given(st.integers(1, 64), st.lists(st.tuples(st.booleans(), st.integers(0, 64))))
def test_a_window_is_a_queue(size, steps):
    memory = memoryview(bytearray(size))
    writer, reader = Window(memory), Window(memory)
    queue = bytearray()
    number = 0
    for is_put, amount in steps:
        if is_put:
            data = bytes((number + index) % 256 for index in range(min(amount, writer.room)))
            number += len(data)
            writer.put(data)
            queue += data
        else:
            taken = min(amount, len(queue))
            assert reader.get(taken) == queue[:taken]
            del queue[:taken]
            writer.taken(taken)
        assert writer.room == size - len(queue)


def test_writes_that_do_not_fit_are_errors():
    window = Window(memoryview(bytearray(4)))
    window.put(b"abc")
    with pytest.raises(ValueError, match="2 bytes do not fit into the 1-byte window"):
        window.put(b"de")


def test_impossible_lengths_are_errors():
    with pytest.raises(FormatError, match="invalid length 5 for a window of 4"):
        Window(memoryview(bytearray(4))).get(5)


def test_the_two_directions_do_not_overlap():
    memory = bytearray(16)
    output, given_input = windows(memoryview(memory))
    output.put(b"o" * output.room)
    given_input.put(b"i" * given_input.room)
    assert bytes(memory) == b"o" * 8 + b"i" * 8
