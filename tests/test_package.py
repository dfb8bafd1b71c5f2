"""What a user installs: a tree that can be moved, a library that find_package finds, a Debian package in a clean root."""
import os
import shutil
import subprocess

import pytest

from conftest import ROOT

BUILD = os.environ.get("PARQUEDB_BUILD") or os.path.join(ROOT, "build/release")
CLEAN_ROOT = os.path.join(ROOT, ".deps/debian-root.tar")  # made once: a minimal Debian


def run(*words, **kw):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, **kw)
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """The installed tree, at another place than where it was installed."""
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", BUILD, "--prefix", folder / "first")
    os.rename(folder / "first", folder / "moved tree")
    return folder / "moved tree"


def works(binary, folder, *wrap):
    """init, create, checkpoint, get and verify, with an empty environment."""
    bare = lambda *words: run(*wrap, "env", "-i", binary, *words)
    assert bare("version").startswith("parquedb ")
    bare("init", folder)
    bare("create", "posts", "--id", "a", "--data", '{"n":1}', "-d", folder)
    bare("checkpoint", "-d", folder)
    assert '"n":1' in bare("get", "posts/a", "-d", folder)
    assert bare("verify", folder).endswith("passed\n")


def test_the_installed_tree_is_moved_and_works_with_an_empty_environment(moved, tmp_path):
    works(moved / "bin/parquedb", tmp_path / "db")
    assert "libarrow" not in run("env", "-i", "/usr/bin/ldd", moved / "bin/parquedb")
    loaded = run("env", "-i", "/usr/bin/ldd", moved / "lib/parquedb/libparquedb-arrow.so")
    for name in ("libarrow", "libparquet"):
        (line,) = [x for x in loaded.splitlines() if name in x]
        assert os.path.realpath(line.split("=> ")[1].split(" (0x")[0]).startswith(os.path.realpath(moved)), line
    for path in ("share/man/man1/parquedb.1", "share/man/man1/parquedb-push.1", "share/bash-completion/completions/parquedb", "share/zsh/vendor-completions/_parquedb",
                 "share/fish/vendor_completions.d/parquedb.fish", "share/licenses/arrow/LICENSE.txt", "share/doc/parquedb/LICENSE"):
        assert os.path.getsize(moved / path) > 0


def test_a_program_is_built_against_the_installed_library(moved, tmp_path):
    source = os.path.join(ROOT, "tests/consumer")
    run("cmake", "-S", source, "-B", tmp_path / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={moved}")
    run("cmake", "--build", tmp_path / "build")
    assert run(tmp_path / "build/consumer", tmp_path / "db") == "posts/a\n"
    assert '"title":"Hello"' in run(moved / "bin/parquedb", "get", "posts/a", "-d", tmp_path / "db")


def test_nothing_that_is_installed_names_the_folder_it_was_built_in(moved):
    for name in os.listdir(moved / "lib/cmake/parquedb"):
        with open(moved / "lib/cmake/parquedb" / name, encoding="utf-8") as f:
            assert ROOT not in f.read(), name


def clean_root(folder):
    """A minimal Debian in `folder`, from a tar that is made when it is missing."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.skip("a clean root needs root and debootstrap")
    if not os.path.exists(CLEAN_ROOT):
        with open("/etc/os-release", encoding="utf-8") as f:
            codename = [x.split("=")[1].strip() for x in f if x.startswith("VERSION_CODENAME=")][0]
        run("debootstrap", "--variant=minbase", codename, folder / "made")
        run("tar", "-C", folder / "made", "-cf", CLEAN_ROOT + ".new", ".")
        os.rename(CLEAN_ROOT + ".new", CLEAN_ROOT)
        shutil.rmtree(folder / "made")
    os.makedirs(folder / "root")
    run("tar", "-C", folder / "root", "-xf", CLEAN_ROOT)
    return folder / "root"


def test_the_debian_package_installs_and_works_in_a_clean_root(tmp_path):
    root = clean_root(tmp_path)
    run("cpack", "-G", "DEB", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", tmp_path / "packages")
    (package,) = [f for f in os.listdir(tmp_path / "packages") if f.endswith(".deb")]
    shutil.copy(tmp_path / "packages" / package, root / "tmp" / package)
    chroot = ["chroot", root]
    run(*chroot, "apt-get", "update", "-qq")
    run(*chroot, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends", f"/tmp/{package}")
    works("/usr/bin/parquedb", "/tmp/db", *chroot)
    run(*chroot, "apt-get", "remove", "-y", "-qq", "parquedb")
    assert not os.path.exists(root / "usr/bin/parquedb") and not os.path.exists(root / "usr/lib/parquedb")
    shutil.rmtree(root)
