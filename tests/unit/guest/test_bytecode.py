import importlib.util
import os
import py_compile
import subprocess
import sys

from rawbpf.guest.image.bytecode import cached_name, pyc, pytest_cached_names


def run(path):
    return subprocess.run([sys.executable, path], capture_output=True, text=True).stdout


def test_bytecode_runs_without_source(tmp_path):
    source = tmp_path / "module.py"
    source.write_text("print('from bytecode')")
    code = pyc(source)
    source.unlink()
    (tmp_path / "module.pyc").write_bytes(code)
    assert run(tmp_path / "module.pyc") == "from bytecode\n"


def test_bytecode_is_used_whatever_the_time_of_the_source(tmp_path):
    source = tmp_path / "module.py"
    source.write_text("print('compiled')")
    place = tmp_path / cached_name("module.py")
    place.parent.mkdir()
    place.write_bytes(pyc(source))
    source.write_text("print('changed since')")
    (tmp_path / "main.py").write_text("import module")
    assert str(place) == importlib.util.cache_from_source(str(source))
    assert run(tmp_path / "main.py") == "compiled\n"


def test_cached_bytecode_is_used_only_if_up_to_date(tmp_path):
    source = tmp_path / "module.py"
    source.write_text("x = 1")
    py_compile.compile(str(source))
    fresh = pyc(source)
    assert fresh[16:] == (tmp_path / cached_name("module.py")).read_bytes()[16:]
    source.write_text("x = 2")
    os.utime(source, (1, 1))
    assert pyc(source)[16:] != fresh[16:]


def test_no_bytecode_if_the_source_does_not_compile(tmp_path):
    (tmp_path / "template.py").write_text("{{ not python }")
    (tmp_path / "nul.py").write_bytes(b"x = '\0'")
    assert pyc(tmp_path / "template.py") is None
    assert pyc(tmp_path / "nul.py") is None


def test_names_of_pytests_bytecode(tmp_path):
    test = tmp_path / "test_it.py"
    test.write_text("def test_it(): assert True")
    environment = {key: value for key, value in os.environ.items() if "BYTECODE" not in key}
    subprocess.run([sys.executable, "-m", "pytest", test], env=environment, capture_output=True)
    assert list((tmp_path / "__pycache__").glob(pytest_cached_names(test.name)))
