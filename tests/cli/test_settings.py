"""Options from the environment and config files; named remotes; tags; events that are followed."""
import json
import os
import signal
import subprocess

import pytest
from conftest import BIN, tree


@pytest.fixture
def shop(place):
    place.ok("init", place.db, "--name", "shop", db=None)
    place.ok("create", "posts", "--id", "a", "--data", '{"n":1}')
    return place


def setting(place, name, **kw):
    (found,) = [s for s in place.ok("config", "show", "--json", **kw).json()["settings"] if s["name"] == name]
    return found["value"], found["origin"]


def test_a_flag_beats_the_environment_beats_the_database_beats_the_user(shop):
    user = shop.write(".config/parquedb/config.toml", 'owner = "from-user"\noperator = "user"\n')
    bare = {"PARQUEDB_OWNER": "", "PARQUEDB_OPERATOR": ""}
    assert setting(shop, "owner", env=bare) == ("from-user", user + ":1")
    assert shop.ok("create", "posts", env=bare).json()["$createdBy"] == "user"
    database = shop.write("db/parquedb.toml", '# ours\noperator = "database"\n')
    assert setting(shop, "operator", env=bare) == ("database", database + ":2")
    assert setting(shop, "owner", env=bare) == ("from-user", user + ":1")
    assert shop.ok("create", "posts", env=bare).json()["$createdBy"] == "database"
    env = {**bare, "PARQUEDB_OPERATOR": "environment"}
    assert setting(shop, "operator", env=env) == ("environment", "PARQUEDB_OPERATOR")
    assert shop.ok("create", "posts", env=env).json()["$createdBy"] == "environment"
    assert shop.ok("create", "posts", "--operator", "flag", env=env).json()["$createdBy"] == "flag"
    text = shop.ok("config", "show", "--origin", env=env).out
    assert "PARQUEDB_OPERATOR" in text and user + ":1" in text and setting(shop, "visibility") == ("private", "default")
    assert "PARQUEDB_OPERATOR" not in shop.ok("config", "show", env=env).out


def test_any_option_can_come_from_the_environment(shop):
    assert shop.ok("query", "posts", env={"PARQUEDB_JSON": "1"}).json()["count"] == 1
    assert shop.ok("query", "posts", env={"PARQUEDB_FORMAT": "ndjson"}).lines()[0]["$id"] == "posts/a"
    assert shop.ok("query", "posts", env={"PARQUEDB_FORMAT": "ndjson", "PARQUEDB_COUNT": "0"}).lines()[0]["$id"] == "posts/a"
    assert shop.ok("query", "posts", "--json", env={"PARQUEDB_FILTER": '{"n":2}'}).json()["count"] == 0
    assert shop.ok("stats", env={"PARQUEDB_FORMAT": "ndjson"}).out.startswith("namespace")  # a format that it does not know
    r = shop.call("query", "nope", env={"PARQUEDB_JSON": "true"})
    assert r.rc == 10 and json.loads(r.err.splitlines()[-1])["code"] == 10
    r = shop.fails(2, "query", "posts", env={"PARQUEDB_LIMIT": "many"})
    assert "--limit" in r.err
    r = shop.fails(2, "query", "posts", env={"PARQUEDB_QUIET": "perhaps"})
    assert "PARQUEDB_QUIET" in r.err and "perhaps" in r.err
    r = shop.fails(2, "push", "--to", shop.path("r"), env={"PARQUEDB_VISIBILITY": "privat"})
    assert "PARQUEDB_VISIBILITY" in r.err and "private" in r.err and not os.path.exists(shop.path("r"))
    assert shop.ok("stats", db=None, env={"PARQUEDB_DIRECTORY": shop.db}).out.startswith("namespace")
    assert shop.ok("stats", db=None, env={"PARQUEDB_DIRECTORY": "/nowhere", "PARQUEDB_PATH": shop.db}).out.startswith("namespace")


@pytest.mark.parametrize("text,line,word", [("operatr = 1\n", 1, "operatr"), ("\nquiet = [1]\n", 2, "quiet"), ("a = \n", 1, ""), ("[remote.x]\nurll = 1\n", 1, "url"),
                                            ("[remote.x]\nurl = 'a'\nkey = 1\n", 3, "key"), ("remote = 1\n", 1, "remote"), ('operator = "\n', 1, "")])
def test_a_wrong_config_file_is_named_with_its_line_and_nothing_is_done(shop, text, line, word):
    shop.write("db/parquedb.toml", text)
    before = tree(shop.db)
    r = shop.fails(2, "create", "posts", "--id", "b")
    assert f"parquedb.toml:{line}" in r.err and word in r.err and tree(shop.db) == before
    shop.ok("version")
    shop.ok("help", "environment")


def test_parquedb_toml_is_the_users_it_is_never_listed_pushed_or_verified(shop):
    shop.write("db/parquedb.toml", 'slug = "named"\n')
    assert "toml" not in shop.ok("list", "--format", "paths").out
    r = shop.ok("push", "--to", shop.path("r"), "--json").json()["results"][0]
    assert r["ref"] == "username/named" and not [f for f in r["uploaded"] if "toml" in f["path"]]
    assert shop.ok("verify", shop.db, "--json", db=None).json()["findings"] == []


def test_a_named_remote_is_pushed_to_pulled_from_listed_and_removed(shop):
    shop.write("db/parquedb.toml", '# mine\noperator = "ann" # too\n')
    assert shop.ok("remote", "list", "--json").json()["remotes"] == []
    dry = shop.ok("remote", "add", "nas", shop.path("nas"), "--dry-run", "--json").json()
    assert dry.pop("dryRun") is True and shop.ok("remote", "list", "--json").json()["remotes"] == []
    assert shop.ok("remote", "add", "nas", shop.path("nas"), "--json").json() == dry
    shop.ok("remote", "add", "nas", shop.path("nas"))  # the same again
    assert shop.fails(14, "remote", "add", "nas", shop.path("other")).err
    file = os.path.join(shop.db, "parquedb.toml")
    assert shop.ok("remote", "list", "--json").json()["remotes"] == [{"name": "nas", "url": shop.path("nas"), "origin": file + ":5"}]
    assert shop.ok("remote", "show", "nas", "--json").json()["url"] == shop.path("nas")
    r = shop.ok("push", "--to", "nas", "--json").json()["results"][0]
    assert r["remote"] == "nas" and os.path.exists(shop.path("nas/username/_meta/repo.json"))
    assert len(shop.ok("backups", "nas", "--json").json()["backups"]) == 1
    shop.ok("query", "posts", "--from", "nas")
    shop.ok("pull", "nas", "--directory", shop.path("new"), db=None, cwd=shop.db)
    assert shop.state(db=shop.path("new")) == shop.state()
    shop.fails(10, "remote", "show", "nsa")
    dry = shop.ok("remote", "remove", "nas", "--dry-run", "--json").json()
    assert dry.pop("dryRun") is True and shop.ok("remote", "remove", "nas", "--json").json() == dry
    with open(file, encoding="utf-8") as f:
        assert f.read() == '# mine\noperator = "ann" # too\n'
    shop.fails(10, "remote", "remove", "nas")
    for words in (["add", "bad/name", "/x"], ["add", "x"], ["add", "x", "gs://b"], ["add", "x", "s3://key:secret@host/b"], ["list", "x"], ["show"], ["chnage", "x"]):
        shop.fails(2, "remote", *words)


def test_without_a_database_remotes_are_the_users(shop):
    shop.ok("remote", "add", "default", shop.path("def"), db=None, cwd=shop.folder)
    assert os.path.exists(shop.path(".config/parquedb/config.toml"))
    shop.ok("push")
    assert shop.ok("push", "--to", "someone/else/where", "--json").json()["results"][0]["ref"] == "someone/else/where"
    shop.ok("pull", "someone/else/where", "--directory", shop.path("new"), db=None)
    shop.ok("pull", "shop", "--directory", shop.path("own"), db=None)
    assert shop.ok("remote", "list", "--json", env={"PARQUEDB_REMOTE_URL": "/x"}).json()["remotes"][0]["url"] == "/x"
    shop.ok("remote", "remove", "default", "--global")
    r = shop.fails(2, "push")
    assert "--to" in r.err


def test_a_tag_names_an_instant_and_goes_along_with_backups(shop):
    dry = shop.ok("tag", "first", "--dry-run", "--json").json()
    assert dry.pop("dryRun") is True and shop.ok("tag", "--json").json()["tags"] == []
    assert shop.ok("tag", "first", "--json").json() == dry
    event = shop.ok("events", "--format", "ndjson").lines()[-1]
    assert dry["id"] == event["id"] and dry["name"] == "first"
    shop.ok("update", "posts/a", "--data", '{"n":2}')
    assert shop.ok("get", "posts/a", "--at", "first").json()["n"] == 1
    shop.fails(14, "tag", "first")
    shop.ok("tag", "first", "--at", "lsn:1")
    for name in ("latest", "yesterday", "2026-01-01", "1769947200", event["id"], "a/b", "", "lsn:1"):
        shop.fails(2, "tag", name)
    shop.ok("push", "--to", shop.path("r"))
    shop.ok("pull", shop.path("r"), "--directory", shop.path("copy"), db=None)
    assert shop.ok("get", "posts/a", "--at", "first", db=shop.path("copy")).json()["n"] == 1
    # A tag alone is worth a push; a pull keeps the copy's own.
    shop.ok("tag", "second")
    shop.ok("tag", "mine", db=shop.path("copy"))
    pushed = shop.ok("push", "--to", shop.path("r"), "--json").json()["results"][0]
    assert [f["path"] for f in pushed["uploaded"]] == ["events/manifest.json"]
    assert shop.ok("push", "--to", shop.path("r"), "--json").json()["results"][0]["uploaded"] == []
    shop.ok("pull", shop.path("r"), "--directory", shop.path("copy"), db=None)
    names = lambda: [t["name"] for t in shop.ok("tag", "--json", db=shop.path("copy")).json()["tags"]]
    assert names() == ["first", "mine", "second"]
    shop.ok("create", "posts", "--id", "b")
    shop.ok("push", "--to", shop.path("r"))
    shop.ok("pull", shop.path("r"), "--directory", shop.path("copy"), db=None)
    assert names() == ["first", "mine", "second"] and shop.state(db=shop.path("copy")) == shop.state()
    dry = shop.ok("tag", "first", "--remove", "--dry-run", "--json").json()
    assert dry.pop("dryRun") is True and shop.ok("tag", "first", "--remove", "--json").json() == dry
    shop.fails(10, "tag", "first", "--remove")
    shop.fails(2, "get", "posts/a", "--at", "first")
    shop.ok("verify", shop.db, db=None)


def test_an_empty_log_has_nothing_to_name(place):
    place.ok("init", place.db, db=None)
    assert "no event" in place.fails(10, "tag", "start").err


def test_a_backups_name_is_an_instant(shop):
    env = {"PARQUEDB_REMOTE_URL": shop.path("r")}
    shop.ok("push", "--slug", "daily/one", env=env)
    shop.ok("update", "posts/a", "--data", '{"n":2}')
    assert shop.ok("get", "posts/a", "--at", "daily/one", env=env).json()["n"] == 1
    shop.fails(2, "get", "posts/a", "--at", "daily/two", env=env)


def test_events_are_followed_until_the_limit_or_ctrl_c(shop):
    follow = [BIN, "events", "--follow", "--format", "ndjson", "-d", shop.db]
    limited = subprocess.Popen([*follow, "--limit", "4"], stdout=subprocess.PIPE, text=True, env=shop.env)
    endless = subprocess.Popen([*follow, "--filter", '{"op":"UPDATE"}'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=shop.env)
    assert json.loads(limited.stdout.readline())["target"] == "posts:a"
    shop.ok("create", "posts", "--id", "b")
    assert json.loads(limited.stdout.readline())["target"] == "posts:b"
    shop.ok("flush")
    shop.ok("update", "posts/b", "--data", '{"n":3}')
    assert json.loads(endless.stdout.readline())["after"]["n"] == 3
    shop.ok("checkpoint")
    shop.ok("delete", "posts/b")
    rest = limited.stdout.read()
    assert [json.loads(line)["op"] for line in rest.splitlines()] == ["UPDATE", "DELETE"] and limited.wait(30) == 0
    endless.send_signal(signal.SIGINT)
    assert endless.wait(30) == 130 and endless.stdout.read() == ""
    for words in (["--json"], ["--reverse"], ["--before", "latest"], ["--output", "f"], ["--from", "./x"]):
        shop.fails(2, "events", "--follow", *words)


def test_events_of_a_backup_are_read_in_place(shop):
    shop.ok("push", "--to", shop.path("r"))
    there = shop.ok("events", "--from", shop.path("r"), "--format", "ndjson", db=None).out
    assert there == shop.ok("events", "--format", "ndjson").out != ""
