import io
import marshal
import os
import sys
from pathlib import Path

import pytest

from rawbpf.guest.image.build import JOB, open_images, run_image
from rawbpf.guest.wire.cpio import decode


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("RAWBPF_CACHE")
    os.environ["RAWBPF_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["RAWBPF_CACHE"]
    else:
        os.environ["RAWBPF_CACHE"] = before


@pytest.fixture(scope="module")
def images(cache):  # noqa: ARG001 -- made in that cache
    found = []
    for kept in open_images(with_tests=False):
        with kept:
            found.append({f"/{member.path}": member for member in decode(kept)})
    return found


@pytest.fixture
def base(images):
    return images[0]


def test_the_interpreter_has_all_its_names(base):
    assert sys.executable in base
    assert os.path.realpath(sys.executable) in base
    assert base["/rawbpf/python"].data == os.fsencode(os.path.realpath(sys.executable))
    assert base["/init"].data.startswith(b"#!/rawbpf/python -IS\n")


def test_everything_is_compiled(base):
    library = str(Path(os.__file__).parent)
    modules = {path for path in base if path.startswith(library) and path.endswith(".pyc")}
    assert f"{library}/os.pyc" in modules
    sources = [path for path in base if path.endswith(".py")]
    for source in sources:
        folder, name = os.path.split(source)
        cached = f"{folder}/__pycache__/{name[:-3]}.{sys.implementation.cache_tag}.pyc"
        assert cached in base, source


def test_rawbpfs_dependencies_are_included_but_not_pytest(base):
    assert [path for path in base if path.endswith("/docopt/__init__.py")]
    assert not [path for path in base if "/_pytest/" in path]


def test_folders_precede_their_contents(base):
    seen = {"/"}
    for path in base:
        assert str(Path(path).parent) in seen, path
        seen.add(path)


def test_images_are_cached(images):  # noqa: ARG001 -- they are made by now
    for one, other in zip(
        open_images(with_tests=False), open_images(with_tests=False), strict=True
    ):
        with one, other:
            assert os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno()))


def test_rawbpf_is_included_unchanged(images):
    own = Path(__file__).resolve().parents[3] / "rawbpf/__init__.py"
    assert images[1][str(own)].data == own.read_bytes()


def test_the_archive_of_a_run_has_files_and_job(tmp_path):
    added = tmp_path.resolve() / "script.py"
    added.write_text("print(1)")
    job = {"argv": ["python"], "cwd": str(tmp_path.resolve()), "env": {"HOME": "/root"}}
    archive = b"".join(run_image(job, [str(added)], files={"/rawbpf/modules/dummy.ko": b"object"}))
    found = {f"/{member.path}": member for member in decode(io.BytesIO(archive))}
    assert marshal.loads(found[JOB].data) == job
    assert found[str(added)].data == b"print(1)"
    assert found["/rawbpf/modules/dummy.ko"].data == b"object"
