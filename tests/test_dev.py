"""./dev: help, and what it says where it can't install what it needs."""
import os
import stat
import subprocess

from conftest import ROOT

DEV = os.path.join(ROOT, "dev")


def run(*args, path=None, cwd=None):
    env = dict(os.environ)
    if path is not None:
        env["PATH"] = path
    return subprocess.run(["/bin/bash", DEV, *args], capture_output=True, text=True, env=env, cwd=cwd, timeout=60)


def tools(folder, **scripts):
    """A PATH of its own: a few real programs, and fakes."""
    for name in ("bash", "sed", "cat", "env", "dirname", "sh", "cmp"):
        os.symlink(f"/usr/bin/{name}" if os.path.exists(f"/usr/bin/{name}") else f"/bin/{name}", folder / name)
    for name, body in scripts.items():
        path = folder / name.replace("_", "-")
        path.write_text("#!/bin/bash\n" + body + "\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(folder)


def test_called_alone_it_helps_and_an_unknown_verb_is_wrong_usage(tmp_path):
    alone = run(cwd=tmp_path)
    assert alone.returncode == 0 and all(verb in alone.stdout for verb in ("demo", "test", "build [--times]", "bench", "lint", "asan", "tsan", "clean"))
    assert run("frobnicate").returncode == 2


def test_an_unsupported_system_gets_a_clear_message(tmp_path):
    r = run("build", path=tools(tmp_path))
    assert r.returncode == 1 and "no dpkg" in r.stderr and "packages.txt" in r.stderr


def test_without_root_and_sudo_it_prints_the_one_line_to_run(tmp_path):
    r = run("build", path=tools(tmp_path, dpkg_query="exit 1", id="echo 1000", sudo="exit 1"))
    assert r.returncode == 1 and "apt-get update && apt-get install -y --no-install-recommends g++ cmake" in r.stderr


def test_without_root_it_uses_sudo(tmp_path):
    log = tmp_path / "log"
    r = run("build", path=tools(tmp_path, dpkg_query="exit 1", id="echo 1000", sudo=f'printf "%s " "$@" >> {log}; [[ $2 == true ]]', apt_get="exit 1"))
    assert r.returncode != 0 and "-n apt-get update" in log.read_text()
