"""Completion: what the program offers, and that bash, zsh and fish, started as people have them, put it on the line."""
import os
import pty
import select
import subprocess

import pytest
from conftest import BIN

QUIET_SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


def fill(place):
    place.ok("create", "posts", "--id", "a")
    place.ok("create", "users", "--id", "u")
    os.makedirs(place.path("bin"))
    os.symlink(BIN, place.path("bin/parquedb"))
    place.write("history.ndjson", "")
    os.makedirs(place.path("backups"))
    place.env.update(PATH=place.path("bin") + ":" + place.env["PATH"], PARQUEDB_PATH=place.db, TERM="xterm")


def words(place, *given, **kw):
    lines = place.ok("completion", "words", "--", *given, db=None, **kw).out.splitlines()
    return lines[0], [line.split("\t")[0] for line in lines[1:]]


@pytest.mark.parametrize("given,offered", [
    (["que"], ["query"]), (["zzz"], []), (["res"], ["restore"]), (["--dir"], ["--directory"]), (["query", "posts", "--li"], ["--limit"]), (["query", "posts", "--limit", "3", "--li"], []),
    (["push", "--to", "./a", "--to"], ["--to"]), (["push", "--visibility", ""], ["private", "unlisted", "public"]), (["push", "--visibility=p"], ["--visibility=private", "--visibility=public"]),
    (["push", "--visibility", "=", "p"], ["private", "public"]), (["push", "--visibility", "="], ["private", "unlisted", "public"]), (["list", "--format", ""], ["table", "json", "ndjson", "csv", "paths"]),
    (["--format", "json", "list", "--format=pa"], ["--format=paths"]), (["verify", "--level", "f"], ["full"]), (["help", "tim"], ["time"]), (["help", "sta"], ["stats"]), (["completion", "z"], ["zsh"]),
    (["query", "po"], ["posts"]), (["query", ""], ["posts", "users"]), (["get", ""], ["posts/", "users/"]), (["export", "--namespace", "us"], ["users"]), (["link", "posts/a", "author", "us"], ["users/"]),
    (["--", "query", ""], ["posts", "users"]), (["query", "--", "--"], []), (["query", "posts", ""], []), (["get", "posts/a", "--at", "la"], ["latest"]), (["link", "posts/a", ""], [])])
def test_what_may_stand_for_the_last_word(place, given, offered):
    fill(place)
    assert words(place, *given) == ("words", offered)


def test_files_and_folders_are_the_shells_to_list_and_the_named_database_is_asked(place):
    fill(place)
    for given in (["import", "--file", "h"], ["export", "--output", ""], ["import", "--events=h"]):
        assert words(place, *given) == ("files", [])
    for given in (["push", "--to", ""], ["pull", "./b"], ["-d", ""], ["verify", "--compare", "x"], ["stats", ""]):
        assert words(place, *given) == ("folders", [])
    other = place.path("other")
    place.ok("create", "notes", "--id", "n", db=other)
    for given in (["-d", other, "query", ""], ["query", "--directory=" + other, ""], ["--directory", "=", other, "query", ""]):
        assert words(place, *given) == ("words", ["notes"])
    assert words(place, "query", "", env={"PARQUEDB_PATH": place.path("nowhere")}) == ("words", [])


def test_every_verb_and_flag_of_the_help_is_offered(place):
    text = place.ok("help", "--json", db=None).json()
    assert words(place, "")[1] == [verb["name"] for verb in text["verbs"]]
    for verb in text["verbs"]:
        about = place.ok("help", verb["name"], "--json", db=None).json()
        assert words(place, verb["name"], "--")[1] == [option["name"] for option in about["options"] + about["commonOptions"]]


class Terminal:
    """A shell at a terminal. What is typed is answered by a line that starts with LINE: and holds what stands there then."""

    def __init__(self, place, shell):
        self.ours, theirs = pty.openpty()
        env = dict(place.env, PS1="> ", PROMPT="> ", PROMPT_EOL_MARK="", INPUTRC="/dev/null")
        self.process = subprocess.Popen(QUIET_SHELLS[shell], stdin=theirs, stdout=theirs, stderr=theirs, cwd=place.folder, env=env, start_new_session=True)
        os.close(theirs)
        self.seen = b""
        self.say(({"bash": "bind 'set enable-bracketed-paste off'\n", "zsh": "unset zle_bracketed_paste; bindkey -e; autoload -U compinit && compinit -D -u\n"}[shell]
                  + f"source <(parquedb completion {shell})\necho rea''dy\n"))
        self.until(b"ready")

    def say(self, text):
        os.write(self.ours, text.encode())

    def until(self, mark):
        while mark not in self.seen:
            assert select.select([self.ours], [], [], 60)[0], self.seen
            self.seen += os.read(self.ours, 65536)
        before, self.seen = self.seen.split(mark, 1)
        return before

    def line_after(self, typed):
        # The cursor goes to the front of the line, which becomes the words of a printf that shows them.
        self.say(typed + "\t" + "\x01printf '<%s>' LINE \x05; echo E''ND\n")
        self.until(b"<LINE>")
        return self.until(b"END").decode().strip()

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_tab_completes_in_the_shell(place, shell):
    fill(place)
    terminal = Terminal(place, shell)
    # zsh takes the slash of a folder away again when a space follows.
    for typed, line in [("parquedb que", "<parquedb><query>"), ("parquedb query --lim", "<parquedb><query><--limit>"), ("parquedb verify --level rep", "<parquedb><verify><--level><replay>"),
                        ("parquedb verify --level=rep", "<parquedb><verify><--level=replay>"), ("parquedb query po", "<parquedb><query><posts>"), ("parquedb get us", "<parquedb><get><users/>"),
                        ("parquedb import --file hist", "<parquedb><import><--file><history.ndjson>"), ("parquedb push --to ./back", "<parquedb><push><--to><./backups" + ("/>" if shell == "bash" else ">")), ("parquedb help exit", "<parquedb><help><exit-codes>")]:
        assert terminal.line_after(typed) == line, typed
    terminal.close()


def test_fish_offers_words_with_their_help_and_files(place):
    fill(place)

    def offers(line):
        script = "parquedb completion fish | source; complete -C " + "'" + line + "'"
        done = subprocess.run(["fish", "--no-config", "-c", script], cwd=place.folder, env=place.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return done.stdout.splitlines()

    assert offers("parquedb que") == ["query\tfind documents, now or as of any instant"]
    assert offers("parquedb query --lim") == ["--limit\tat most so many"]
    assert offers("parquedb verify --level rep") == ["replay"] and offers("parquedb verify --level=rep") == ["--level=replay"]
    assert offers("parquedb query po") == ["posts"] and offers("parquedb get us") == ["users/"]
    assert [x.split("\t")[0] for x in offers("parquedb import --file hist")] == ["history.ndjson"]
    assert [x.split("\t")[0] for x in offers("parquedb push --to ./back")] == ["./backups/"]
    assert [x.split("\t")[0] for x in offers("parquedb verify --level ")] == ["full", "hash", "quick", "replay"]


def test_wrong_calls(place):
    assert "did you mean bash?" in place.fails(2, "completion", "bsh", db=None).err
    place.fails(2, "completion", "bash", "too", db=None)
    place.fails(2, "completion", db=None)
