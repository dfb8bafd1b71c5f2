"""Man pages and the reference come from the table of commands; they render without a warning, and docs/cli.md is up to date."""
import json
import os
import subprocess

from conftest import ROOT, tree


def test_man_pages_render_without_a_warning_and_are_the_same_each_time(place):
    verbs = [verb["name"] for verb in place.ok("help", "--json", db=None).json()["verbs"]]
    pages = ["parquedb.1"] + [f"parquedb-{verb}.1" for verb in verbs]
    assert place.ok("generate", "--man", place.path("man"), "--json", db=None).json() == {"schema": "parquedb.generate/1", "folder": place.path("man"), "files": pages}
    assert sorted(os.listdir(place.path("man"))) == sorted(pages)
    files = [place.path("man", page) for page in pages]
    env = dict(place.env, MANROFFOPT="-ww", MANPAGER="cat", LC_ALL="C.UTF-8")
    for command in (["groff", "-ww", "-man", "-Tutf8"], ["groff", "-ww", "-man", "-Tascii"], ["mandoc", "-T", "lint", "-W", "warning"]):
        done = subprocess.run(command + files, capture_output=True, text=True, env=env)
        assert done.returncode == 0 and done.stderr == "" and (command[0] == "groff" or done.stdout == ""), done.stdout[:2000] + done.stderr[:2000]
    shown = subprocess.run(["man", "-l", "--warnings=w", place.path("man/parquedb-query.1")], capture_output=True, text=True, env=env)
    assert shown.returncode == 0 and shown.stderr == ""
    for line in ("parquedb-query - find documents", "parquedb query posts --filter '{\"status\":\"published\"}' --sort=-views --limit 10", "--limit N", "-d, --directory DIR"):
        assert line in shown.stdout
    place.ok("generate", "--man", place.path("again"), db=None)
    assert tree(place.path("man")) == tree(place.path("again"))


def test_the_overview_page_has_each_verb_and_each_topic(place):
    place.ok("generate", "--man", place.path("man"), db=None)
    shown = subprocess.run(["man", "-l", place.path("man/parquedb.1")], capture_output=True, text=True, env=dict(place.env, MANPAGER="cat", LC_ALL="C.UTF-8", MANWIDTH="100")).stdout
    overview = place.ok("help", "--json", db=None).json()
    for verb in overview["verbs"]:
        assert f"parquedb-{verb['name']}(1)" in shown
    for topic in overview["topics"]:
        assert {"exit-codes": "EXIT STATUS"}.get(topic["name"], topic["name"].upper()) in shown
        for line in json.loads(place.ok("help", topic["name"], "--json", db=None).out)["text"].splitlines():
            assert line.replace("…", "...") in shown, line


def test_the_reference_in_the_docs_is_that_of_this_program(place):
    place.ok("generate", "--reference", place.path("cli.md"), db=None)
    with open(os.path.join(ROOT, "docs/cli.md"), encoding="utf-8") as f:
        assert open(place.path("cli.md"), encoding="utf-8").read() == f.read(), "run: parquedb generate --reference docs/cli.md"


def test_wrong_calls(place):
    place.fails(2, "generate", db=None)
    place.fails(2, "generate", "--man", "a", "--reference", "b", db=None)
    place.write("file", "")
    assert "file" in place.fails(10, "generate", "--man", place.path("file"), db=None).err
