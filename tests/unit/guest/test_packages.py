import pytest

from rawbpf.guest.image.packages import closure, installed, normalized


@pytest.fixture
def site(tmp_path):
    def add(name, *requires, record=None, points=""):
        info = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        lines = [
            f"Name: {name}",
            *(f"Requires-Dist: {line}" for line in requires),
            "",
            "Requires-Dist: no",
        ]
        (info / "METADATA").write_text("\n".join(lines))
        if record is not None:
            (info / "RECORD").write_text("".join(f"{line},sha256=x,1\n" for line in record))
        if points:
            (info / "entry_points.txt").write_text(points)

    add.path = tmp_path
    return add


def names(site, *roots):
    return [package.name for package in closure(list(roots), installed([str(site.path)]))]


def test_requirements_are_included(site):
    site("app", "Some.Lib>=2", 'colour; sys_platform == "win32"')
    site("some-lib", "deep")
    site("deep", "app")  # a circle
    site("unrelated")
    assert names(site, "app") == ["app", "deep", "some-lib"]


def test_extras_are_not_included(site):
    site("app", 'docs; extra == "docs"', "lib[fast] (>=1)")
    site("docs")
    site("lib")
    assert names(site, "app") == ["app", "lib"]


def test_packages_that_are_not_installed_are_ignored(site):
    assert names(site, "app") == []


def test_files_are_those_in_record(site):
    for name in ("module.py", "data.txt"):
        (site.path / name).write_text("")
    site(
        "app",
        record=["module.py", '"data.txt"', "../../bin/app", "__pycache__/module.pyc", "gone.py"],
    )
    (package,) = closure(["app"], installed([str(site.path)]))
    assert [path.name for path in package.files()] == ["module.py", "data.txt"]


def test_modules_are_found_by_name_without_record(site):
    site("my-app")
    (site.path / "my_app").mkdir()
    (site.path / "my_app/inner.py").write_text("")
    (package,) = closure(["my-app"], installed([str(site.path)]))
    assert {path.name for path in package.files()} == {"METADATA", "inner.py"}


def test_entry_points(site):
    site("plugin", points="[console_scripts]\nx = y\n[pytest11]\nz = plugin\n")
    package = installed([str(site.path)])["plugin"]
    assert package.offers("pytest11")
    assert not package.offers("pytest")


def test_the_first_package_on_the_path_counts(site, tmp_path):
    site("app")
    other = tmp_path / "other"
    (other / "app-2.0.dist-info").mkdir(parents=True)
    (other / "app-2.0.dist-info/METADATA").write_text("Name: app\n")
    assert installed([str(other), str(site.path)])["app"].info.parent == other


def test_this_environment_can_run_rawbpf():
    found = {package.name for package in closure(["rawbpf"], installed())}
    assert {normalized("docopt_ng"), "pyelftools", "rich"} <= found
