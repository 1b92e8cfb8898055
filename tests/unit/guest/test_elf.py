import io
import subprocess
import sys
from pathlib import Path

from rawbpf.elf.user_symbols import functions_of
from rawbpf.guest.image.elf import is_elf, libraries, loader, without_debug_information
from rawbpf.links.user_functions import find_file

PYTHON = Path(sys.executable).resolve()


def test_libraries_are_those_that_get_mapped():
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


def test_libraries_of_an_extension_module():
    import _ctypes

    extension = Path(_ctypes.__file__)
    assert loader(extension) is None
    assert libraries(extension, None) == []
    assert any("libffi" in path for path in libraries(extension, loader(PYTHON)))


def test_a_script_is_not_an_elf_file():
    assert not is_elf(Path(__file__))
    assert loader(Path(__file__)) is None


def test_an_executable_without_debugging_sections_runs(tmp_path):
    data = PYTHON.read_bytes()
    trimmed = tmp_path / "python"
    trimmed.write_bytes(without_debug_information(data))
    trimmed.chmod(0o755)
    done = subprocess.run([trimmed, "-c", "print('runs')"], capture_output=True, text=True)
    assert done.stdout == "runs\n", done.stderr
    assert trimmed.stat().st_size < len(data)


def test_functions_of_a_trimmed_library_are_found():
    """Dynamic symbols are kept, those for debuggers are removed."""
    data = find_file("libc.so.6").read_bytes()
    found = dict(functions_of(io.BytesIO(without_debug_information(data))))
    assert found.items() <= dict(functions_of(io.BytesIO(data))).items()
    assert {"getenv", "malloc"} <= set(found)


def test_other_files_are_not_trimmed():
    for data in (b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01" + bytes(20)):
        assert without_debug_information(data) == data
