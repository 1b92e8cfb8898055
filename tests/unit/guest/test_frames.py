import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import FormatError
from rawbpf.guest.wire.frames import LARGEST, Decoder, FrameKind, encode

frames = st.tuples(st.sampled_from(FrameKind), st.binary(max_size=LARGEST))


@given(st.lists(frames, max_size=8), st.lists(st.integers(1, 40)))
def test_frames_may_be_split_anywhere(given_frames, cuts):
    stream = b"".join(encode(kind, payload) for kind, payload in given_frames)
    decoder, received = Decoder(), []
    for cut in [*cuts, len(stream)]:
        received += decoder.feed(stream[:cut])
        stream = stream[cut:]
    received += decoder.feed(stream)
    assert received == given_frames


@given(st.binary(max_size=200))
def test_random_bytes_give_frames_or_a_format_error(data):
    try:
        for kind, payload in Decoder().feed(data):
            assert encode(kind, payload) in data
    except FormatError:
        pass


@pytest.mark.parametrize("head", ["00 00 00", "ff 04 00", "02 01 01"])
def test_invalid_headers_are_rejected(head):
    with pytest.raises(FormatError, match="invalid frame"):
        list(Decoder().feed(bytes.fromhex(head)))
