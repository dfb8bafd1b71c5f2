"""Queries read no more than they need, say so with --explain, and find the same whatever they read."""
import json
import os
import random
import resource
import subprocess

import pytest

ROWS = 6000


@pytest.fixture
def shop(place):
    """Rows in id order; `n` ascends with the id, `s` does not; `x` is sometimes a text, so it has no column."""
    draw = random.Random(1)  # texts that don't compress: the documents are most of the file
    place.ndjson("rows.ndjson", [{"$id": f"rows/r{i:05}", "n": i // 10, "s": f"v{i * 7919 % 50}", "d": i / 4, "x": i if i % 2 else str(i),
                                  "pad": draw.randbytes(150).hex()} for i in range(ROWS)])
    place.ok("import", "--file", "rows.ndjson")
    place.ok("checkpoint")
    return place


def ids(place, filter, *args):
    return [e["$id"] for e in place.ok("query", "rows", "--filter", json.dumps(filter), "--format", "ndjson", *args).lines()]


def explained(place, *args):
    return place.ok(*args, "--explain", "--json").json()


def data_file(explain):
    return next(f for f in explain["files"] if f["path"].startswith("data/"))


def test_explain_shows_the_pages_that_were_pruned(shop):
    answer = explained(shop, "query", "rows", "--filter", '{"n":123}')
    assert [e["$id"] for e in answer["items"]] == [f"rows/r{i:05}" for i in range(1230, 1240)]
    explain = answer["explain"]
    assert explain["filter"] == {"dataFile": True, "columns": ["n"], "exact": True, "documentsChecked": True}
    data = data_file(explain)
    assert data["pagesPruned"] > data["pagesRead"] > 0
    assert data["rowGroupsRead"] == 1 and data["rowGroupsPruned"] == 0
    assert data["bytesRead"] < data["bytes"] and explain["bytesRead"] >= data["bytesRead"]
    assert explain["segmentsRead"] == 0 and explain["segmentsPruned"] == 1 and explain["logEvents"] == 0


def test_statistics_alone_rule_a_row_group_out(shop):
    for filter in ('{"n":600}', '{"d":{"$gt":1499.75}}', '{"s":"w"}', '{"$id":{"$lt":"rows/r"}}', '{"n":"12"}', '{"$version":2}'):
        data = data_file(explained(shop, "query", "rows", "--filter", filter)["explain"])
        assert data["rowGroupsRead"] == 0 and data["rowGroupsPruned"] == 1 and data["pagesRead"] == 0, filter


def test_an_exact_count_reads_no_document(shop):
    counted = explained(shop, "query", "rows", "--filter", '{"s":"v7"}', "--count")
    assert counted["count"] == ROWS // 50 and counted["explain"]["filter"]["documentsChecked"] is False
    fetched = explained(shop, "query", "rows", "--filter", '{"s":"v7"}')
    assert fetched["count"] == counted["count"]
    assert data_file(counted["explain"])["bytesRead"] < data_file(fetched["explain"])["bytesRead"] / 2
    everything = explained(shop, "query", "rows", "--count")
    assert everything["count"] == ROWS and data_file(everything["explain"])["pagesRead"] == 0


def test_what_columns_cannot_tell_is_asked_of_the_documents(shop):
    for filter, count in (('{"n":{"$ne":1}}', ROWS - 10), ('{"x":7}', 1), ('{"n":{"$exists":false}}', 0), ('{"n":{"$not":{"$gt":1}}}', 20),
                          ('{"$nor":[{"n":1}]}', ROWS - 10), ('{"$or":[{"n":1},{"x":7}]}', 11)):
        answer = explained(shop, "query", "rows", "--filter", filter, "--count")
        assert answer["count"] == count, filter
        assert answer["explain"]["filter"] == {"dataFile": True, "columns": [], "exact": False, "documentsChecked": True}, filter
    narrowed = explained(shop, "query", "rows", "--filter", '{"n":{"$lt":2},"x":7}')
    assert narrowed["count"] == 1 and narrowed["explain"]["filter"]["columns"] == ["n"] and not narrowed["explain"]["filter"]["exact"]


def test_explain_is_for_people_on_standard_error(shop):
    ran = shop.ok("query", "rows", "--filter", '{"n":123}', "--count", "--explain")
    assert ran.out == "10\n"
    assert "explain: answered by columns: n; no document is read\n" in ran.err
    assert "explain: data/rows/data.parquet (" in ran.err and "row groups: 1 read, 0 pruned" in ran.err
    assert "explain: log: 0 segments read, 1 pruned; 0 events looked at\n" in ran.err
    assert "narrowed by columns: n; documents of the rows that are left are checked" in \
        shop.ok("query", "rows", "--filter", '{"n":5,"x":51}', "--explain").err
    assert "explain" not in shop.ok("query", "rows", "--filter", '{"n":123}').err


def test_events_since_the_checkpoint_replace_the_rows_of_the_file(shop):
    shop.ok("update", "rows/r01230", "--data", '{"n":-1}')
    shop.ok("delete", "rows/r01231")
    shop.ok("delete", "rows/r01232")
    shop.ok("create", "rows", "--id", "r01232", "--data", '{"n":123,"new":true}')
    shop.ok("create", "rows", "--id", "a", "--data", '{"n":123.0}')
    wanted = ["rows/a"] + [f"rows/r{i:05}" for i in range(1232, 1240)]
    assert ids(shop, {"n": 123}) == wanted
    assert ids(shop, {"n": -1}) == ["rows/r01230"]
    answer = explained(shop, "query", "rows", "--filter", '{"n":123}', "--count")
    assert answer["count"] == len(wanted) and answer["explain"]["logEvents"] == 5
    assert ids(shop, {"n": 123}, "--at", f"lsn:{ROWS}") == [f"rows/r{i:05}" for i in range(1230, 1240)]
    shop.ok("flush")
    assert ids(shop, {"n": 123}) == wanted
    assert explained(shop, "query", "rows", "--filter", '{"n":123}')["explain"]["segmentsRead"] == 1


def test_an_entity_that_is_named_is_found_by_the_pages_of_its_id(shop):
    explain = explained(shop, "query", "rows", "--id", "r04321", "--filter", '{"n":432}')["explain"]
    assert "filter" not in explain and explain["logEvents"] == 0
    assert data_file(explain)["pagesPruned"] > 4 * data_file(explain)["pagesRead"]


def test_a_delete_by_a_filter_takes_what_the_query_finds(shop):
    shop.ok("update", "rows/r00005", "--data", '{"n":7}')
    wanted = ids(shop, {"n": {"$lt": 8}, "s": {"$ne": "v1"}})
    rest = ids(shop, {"$nor": [{"$id": {"$in": wanted}}]})
    done = shop.ok("delete", "rows", "--filter", '{"n":{"$lt":8},"s":{"$ne":"v1"}}', "--confirm")
    assert f"deleted {len(wanted)} from rows" in done.out and len(wanted) > 70
    assert ids(shop, {}) == rest
    shop.undo(done.err + done.out)
    assert len(ids(shop, {})) == ROWS and ids(shop, {"n": {"$lt": 8}, "s": {"$ne": "v1"}}) == wanted


def test_an_instant_before_the_data_file_is_read_from_the_log(shop):
    answer = explained(shop, "query", "rows", "--filter", '{"n":0}', "--at", "lsn:5")
    assert answer["count"] == 5
    assert answer["explain"]["filter"]["dataFile"] is False and answer["explain"]["logEvents"] > 0
    assert "everything comes from the log" in shop.ok("query", "rows", "--filter", '{"n":0}', "--at", "lsn:5", "--explain").err


def test_any_number_of_threads_finds_the_same_in_the_same_order(shop):
    for args in ([], ["--filter", '{"s":"v7"}'], ["--filter", '{"x":7}'], ["--sort=-n"], ["--sort", "s", "--skip", "3", "--limit", "9"], ["--limit", "5"]):
        outs = {shop.ok("query", "rows", "--format", "ndjson", "--threads", n, *args).out for n in (1, 2, 7)}
        assert len(outs) == 1 and outs != {""}, args
    shop.fails(2, "query", "rows", "--threads", "0")
    shop.fails(2, "query", "rows", "--threads", "x")


def test_a_backup_is_queried_by_columns_too(shop):
    shop.ok("push", "--to", "backups")
    answer = explained(shop, "query", "rows", "--filter", '{"n":123}', "--from", "./backups", "--count")
    assert answer["count"] == 10 and answer["explain"]["filter"]["documentsChecked"] is False
    assert data_file(answer["explain"])["pagesPruned"] > 0


def test_export_and_restore_explain_themselves(shop):
    out = shop.path("out.ndjson")
    explain = explained(shop, "export", "--output", out)["explain"]
    assert data_file(explain)["rowGroupsRead"] == 1 and "filter" not in explain
    assert "explain: data/rows/data.parquet (" in shop.ok("export", "--format", "ndjson", "--explain").err
    shop.ok("update", "rows/r00001", "--data", '{"n":9}')
    shop.ok("flush")
    explain = explained(shop, "restore", "--entity", "rows/r00001", "--at", f"lsn:{ROWS}")["explain"]
    assert 0 < explain["bytesRead"] < explain["files"][0]["bytes"] + sum(f["bytes"] for f in explain["files"])
    whole = explained(shop, "restore", "--all", "--to", shop.path("whole"), "--at", "latest")["explain"]
    assert whole["bytesRead"] > 0 and data_file(whole)["bytes"] > 0
    ran = shop.ok("restore", "--namespace", "rows", "--at", f"lsn:{ROWS}", "--confirm", "--explain")
    assert "explain: log: " in ran.err


SORTS = ["n", "-s,n", "x", '{"d":-1}', "$id", "-$updatedAt,-x"]


@pytest.mark.parametrize("sort", SORTS)
def test_a_sort_through_temporary_files_is_the_sort_in_memory(shop, sort):
    def lines(*args, sort_bytes=None):
        env = {"PARQUEDB_TEST_SORT_BYTES": sort_bytes, "TMPDIR": shop.folder} if sort_bytes else {}
        return shop.ok("query", "rows", "--format", "ndjson", "--sort=" + sort, *args, env=env).out.splitlines()
    whole = lines()
    assert len(whole) == ROWS
    assert lines(sort_bytes="100000") == whole
    for skip, limit in ((0, 7), (100, 5), (5990, 100), (0, 3000)):
        assert lines("--skip", skip, "--limit", limit) == whole[skip:skip + limit]
        assert lines("--skip", skip, "--limit", limit, sort_bytes="20000") == whole[skip:skip + limit]
    assert not [name for name in os.listdir(shop.folder) if name.startswith("parquedb-")]


def test_a_folder_for_temporary_files_that_is_full_or_missing_is_named(shop):
    sort = ["query", "rows", "--format", "ndjson", "--sort", "s"]
    missing = shop.path("nowhere")
    ran = shop.fails(1, *sort, env={"PARQUEDB_TEST_SORT_BYTES": "100000", "TMPDIR": missing})
    assert missing in ran.err and "TMPDIR" in ran.err and ran.out == ""
    full = subprocess.run([*shop.ok(*sort, "--count").argv[:1], *sort, "-d", shop.db], capture_output=True, text=True,
                          env=dict(shop.env, PARQUEDB_TEST_SORT_BYTES="100000", TMPDIR=shop.folder),
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)))
    assert full.returncode == 1 and shop.folder in full.stderr and "TMPDIR" in full.stderr and full.stdout == ""
