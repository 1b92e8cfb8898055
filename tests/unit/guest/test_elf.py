import io
import subprocess
import sys
from pathlib import Path

from rawbpf.elf.user_symbols import functions_of
from rawbpf.guest.image.elf import is_elf, libraries, loader, without_debug_information
from rawbpf.links.user_functions import find_file

PYTHON = Path(sys.executable).resolve()


def test_the_libraries_are_those_that_are_mapped():
    mapped = {
        line.split()[-1]
        for line in subprocess.run(
            [PYTHON, "-ISc", "print(open('/proc/self/maps').read())"],
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        if ".so" in line
    }
    found = {str(Path(path).resolve()) for path in libraries(PYTHON, None)}
    assert found
    assert found <= mapped


def test_a_library_is_listed_by_the_interpreters_loader():
    import _ctypes

    extension = Path(_ctypes.__file__)
    assert loader(extension) is None
    assert libraries(extension, None) == []
    assert any("libffi" in path for path in libraries(extension, loader(PYTHON)))


def test_a_script_is_no_elf_file():
    assert not is_elf(Path(__file__))
    assert loader(Path(__file__)) is None


def test_a_file_without_its_sections_still_runs(tmp_path):
    data = PYTHON.read_bytes()
    trimmed = tmp_path / "python"
    trimmed.write_bytes(without_debug_information(data))
    trimmed.chmod(0o755)
    done = subprocess.run([trimmed, "-c", "print('runs')"], capture_output=True, text=True)
    assert done.stdout == "runs\n", done.stderr
    assert trimmed.stat().st_size < len(data)


def test_probes_find_the_functions_of_a_trimmed_library():
    """By the symbols that the loader needs; those for debuggers only are gone."""
    data = find_file("libc.so.6").read_bytes()
    found = dict(functions_of(io.BytesIO(without_debug_information(data))))
    assert found.items() <= dict(functions_of(io.BytesIO(data))).items()
    assert {"getenv", "malloc"} <= set(found)


def test_what_is_no_elf_file_is_left_as_it_is():
    for data in (b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01" + bytes(20)):
        assert without_debug_information(data) == data
