"""What a wrong call is told to run next, and what an answer says where little was found."""
import os
import re

import pytest


@pytest.fixture
def shop(place):
    place.ok("import", "--file", place.ndjson("rows.ndjson", [{"$id": f"countries/c{i}", "n": i} for i in range(3)]))
    return place


@pytest.mark.parametrize("words, hint", [
    (("import", "a.csv"), "try: parquedb import --file a.csv"),
    (("restore", "countries/c1", "--at", "lsn:1"), "try: parquedb restore --entity countries/c1"),
    (("restore", "countries", "--at", "lsn:1"), "try: parquedb restore --namespace countries"),
    (("export", "countries"), "try: parquedb export --namespace countries"),
    (("events", "countries"), "try: parquedb events --namespace countries"),
    (("query", "countries", "c1"), "try: parquedb help query"),
])
def test_an_argument_that_is_an_option_here_is_shown_as_that_option(shop, words, hint):
    assert hint in shop.fails(2, *words).err.splitlines()[1]


@pytest.mark.parametrize("words, hint", [
    (("query", "countries", "--filter", "n=1"), """a filter is JSON, like '{"status":"draft"}'; see parquedb help filters"""),
    (("events", "--filter", "op=DELETE"), """a filter is JSON, like '{"op":"DELETE"}'; see parquedb help filters"""),
    (("query", "countries", "--limit", "ten"), "for example --limit 10"),
    (("get", "countries"), "for example posts/hello"),
    (("push",), "say --to /path, set PARQUEDB_REMOTE_URL, or: parquedb remote add default /path"),
    (("sync",), "say --with /path, set PARQUEDB_REMOTE_URL, or: parquedb remote add default /path"),
    (("pull", "none"), "set PARQUEDB_REMOTE_URL, or: parquedb remote add default /path"),
])
def test_what_does_not_parse_comes_with_something_that_does(shop, words, hint):
    assert shop.fails(2, *words).err.splitlines()[1] == "  try: " + hint


def test_an_unknown_option_without_a_verb_is_no_verbs_option(place):
    assert place.fails(2, "-V", db=None).err == "error: unknown option -V\n  try: parquedb help\n"


def test_get_tells_a_missing_namespace_from_a_missing_document(shop):
    assert "there is no namespace countrys; did you mean countries?" in shop.fails(10, "get", "countrys/c1").err
    assert shop.fails(10, "get", "countries/none").err == "error: there is no entity countries/none\n  try: parquedb events --entity countries/none\n"


def test_a_remotes_root_without_a_backup_of_this_owner_names_the_owners_it_has(shop):
    remote = shop.path("remote")
    shop.ok("push", "--to", remote, "--owner", "demo")
    os.mkdir(os.path.join(remote, "notes"))
    for words in (("pull", remote, "--directory", shop.path("new")), ("query", "countries", "--from", remote), ("stats", remote), ("verify", remote)):
        assert "try: add --owner: there is demo\n" in shop.fails(10, *words).err, words
    shop.ok("push", "--to", remote, "--owner", "ann")
    assert "try: add --owner: there are ann, demo\n" in shop.fails(10, "pull", remote, "--directory", shop.path("new")).err
    assert shop.ok("query", "countries", "--from", remote, "--owner", "demo", "--count").out == "3\n"


def test_a_folder_that_is_not_there_is_not_blamed_on_the_remotes(shop):
    for verb in ("verify", "stats", "window"):
        err = shop.fails(10, verb, "nowhere", db=None).err
        assert "there is neither a database nor a backup at nowhere" in err and "PARQUEDB_REMOTE_URL" not in err


def test_one_thing_is_counted_as_one(shop):
    shop.ok("flush")
    assert "\n3 events in 1 segment and 0 in the WAL, " in shop.ok("stats").out
    assert "uploaded 2 files, " in shop.ok("push", "--to", shop.path("remote")).out
    shop.ok("tag", "t")
    assert re.search(r": uploaded 1 file, \d+ bytes; 1 unchanged\n", shop.ok("push", "--to", shop.path("remote")).out)
    assert re.search(r"^downloaded \d+ files?, ", shop.ok("pull", shop.path("remote"), "--directory", shop.path("new"), db=None).out)
    shop.ok("create", "one", "--id", "o", db=shop.path("other"))
    assert "\n1 event in 0 segments and 1 in the WAL, " in shop.ok("stats", db=shop.path("other")).out


def test_a_query_without_a_filter_is_not_said_to_have_one(shop):
    shop.ok("checkpoint")
    assert "explain: there is no filter: every document is looked at\n" in shop.ok("query", "countries", "--explain").err
    assert "explain: no column can answer the filter: every document is looked at\n" in shop.ok("query", "countries", "--filter", '{"n":{"$mod":[2,0]}}', "--explain").err
    assert "explain: the number of rows answers it\n" in shop.ok("query", "countries", "--count", "--explain").err


def test_the_columns_of_a_table_stand_below_their_heads_for_long_ids_too(place):
    made = place.ok("create", "measurements", "--data", '{"n":1}').json()["$id"]
    place.ok("create", "measurements", "--data", '{"n":2}')
    head, *rows, count = place.ok("query", "measurements").out.splitlines()
    assert count == "(2 entities)" and rows[0] == f"{made}    1  " + '{"n":1}'
    assert [line.index("{") for line in rows] == [head.index("document")] * 2
    assert place.ok("query", "measurements", "--limit", "0").out == "$id                           ver  document\n(0 entities)\n"


def test_a_remote_that_was_added_by_a_relative_path_is_the_same_from_everywhere(shop):
    shop.ok("push", "--to", "./remote")
    there = shop.path("remote")
    assert f"remote near is {there} (in " in shop.ok("remote", "add", "near", "./remote/").out
    assert f"near  {there}  (from " in shop.ok("remote", "show", "near").out
    shop.ok("remote", "add", "near", "remote")  # the same one again
    os.mkdir(shop.path("elsewhere"))
    shop.folder = shop.path("elsewhere")
    assert "username/" in shop.ok("backups", "near").out


def test_a_long_option_has_its_help_in_the_column_of_all(place):
    for verb in ("import", "pull", "verify", "sync"):
        lines = place.ok("help", verb, db=None).out.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("  -d, --directory DIR"))
        column = lines[at].index("the database")
        for line in lines[lines.index("Options:") + 1:]:
            if line.startswith("  ") and not re.fullmatch(r"  --[\w-]+ \S{18,}", line):
                assert line[column - 1] == " " and line[column] != " ", line
