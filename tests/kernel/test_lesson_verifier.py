"""The kernel accepts and rejects the programs of lesson 09 as the lesson says."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from rawbpf.errors import VerifierError
from rawbpf.kernel.version import raise_memlock_if_needed
from rawbpf.maps.map import Map
from rawbpf.programs.program import load
from rawbpf.source.assembler import assemble

pytestmark = pytest.mark.no_probe

FILE = Path(__file__).parents[2] / "docs/lessons/09-verifier/test_verifier.py"
LESSON = module_from_spec(spec_from_file_location("lesson_verifier", FILE))
LESSON.__spec__.loader.exec_module(LESSON)


@pytest.fixture(scope="module")
def maps():
    raise_memlock_if_needed()
    spec = assemble(LESSON.text_of("exit"))
    with Map.create(spec.maps["hits"]) as hits:
        yield {"hits": hits}


def load_program(body, maps):
    load(assemble(LESSON.text_of(body)).programs["case"], maps).close()


@pytest.mark.parametrize("name", LESSON.ACCEPTED)
def test_accepted(name, maps):
    load_program(LESSON.ACCEPTED[name], maps)


@pytest.mark.parametrize("name", LESSON.REJECTED)
def test_rejected_at_the_same_instruction(name, maps):
    body, slot = LESSON.REJECTED[name]
    with pytest.raises(VerifierError) as caught:
        load_program(body, maps)
    assert caught.value.explanation.slot == slot, caught.value.log
    assert caught.value.explanation.code
