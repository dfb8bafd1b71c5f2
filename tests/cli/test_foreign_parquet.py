"""Parquet files of other writers: what each type becomes, and what is refused."""
import datetime as dt
import decimal
import json
import math
import os
import random
import uuid

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from test_memory import peak_mib


def put(place, name, table, **options):
    pq.write_table(table, place.path(name), **options)
    return place.path(name)


def rows(place, *words, ns="n"):
    place.ok("import", "--namespace", ns, *words)
    found = place.ok("query", ns, "--format", "ndjson").lines()
    return [{k: v for k, v in e.items() if k[0] != "$"} for e in found]


def one(place, **columns):
    """The document of a file with one row."""
    return rows(place, "--file", put(place, "one.parquet", pa.table(columns)))[0]


def test_numbers_truth_values_and_texts(place):
    got = one(place, i8=pa.array([-128], pa.int8()), i64=pa.array([-2**63]), u8=pa.array([255], pa.uint8()), u64=pa.array([2**64 - 1], pa.uint64()), f16=pa.array([1.5], pa.float16()),
              f32=pa.array([0.1], pa.float32()), f64=pa.array([1e21]), whole=pa.array([3.0]), b=pa.array([False]), s=pa.array(['é "x"\n']), ls=pa.array(["l"], pa.large_string()),
              d=pa.array(["dict"]).dictionary_encode(), none=pa.array([None]), null=pa.array([None], pa.string()), sv=pa.array(["view"], pa.string_view()))
    assert got == {"i8": -128, "i64": -2**63, "u8": 255, "u64": 2**64 - 1, "f16": 1.5, "f32": 0.10000000149011612, "f64": 1e21, "whole": 3.0, "b": False, "s": 'é "x"\n', "ls": "l", "d": "dict", "sv": "view"}
    assert '"whole":3.0' in place.ok("query", "n", "--format", "ndjson").out


def test_times_dates_decimals_and_bytes_are_texts(place):
    t = dt.datetime(2026, 2, 1, 12, 34, 56, 789000)
    got = one(place, s=pa.array([t], pa.timestamp("s")), ms=pa.array([t], pa.timestamp("ms", "UTC")), us=pa.array([t.replace(microsecond=789012)], pa.timestamp("us")),
              ns=pa.array([1769949296789012345], pa.timestamp("ns")), zone=pa.array([t], pa.timestamp("ms", "Asia/Kathmandu")), old=pa.array([dt.datetime(1, 1, 1)], pa.timestamp("us")),
              before=pa.array([dt.datetime(1969, 12, 31, 23, 59, 59, 500000)], pa.timestamp("ms")), date=pa.array([dt.date(2026, 2, 1)]), d64=pa.array([dt.date(1969, 12, 31)], pa.date64()),
              t32=pa.array([dt.time(1, 2, 3)], pa.time32("ms")), t64=pa.array([dt.time(23, 59, 59, 1)], pa.time64("us")), dec=pa.array([decimal.Decimal("-12345678901234567890.10")]),
              d256=pa.array([decimal.Decimal("1" * 50 + ".5")], pa.decimal256(60, 1)), small=pa.array([decimal.Decimal("0.07")], pa.decimal128(5, 2)), bin=pa.array([b"\x00\xff\x10z"]),
              b1=pa.array([b"a"]), b2=pa.array([b"ab"]), fixed=pa.array([b"abc"], pa.binary(3)), span=pa.array([dt.timedelta(seconds=5)], pa.duration("ms")))
    assert got == {"s": "2026-02-01T12:34:56.000Z", "ms": "2026-02-01T12:34:56.789Z", "us": "2026-02-01T12:34:56.789012Z", "ns": "2026-02-01T12:34:56.789012345Z", "zone": "2026-02-01T12:34:56.789Z",
                   "old": "0001-01-01T00:00:00.000Z", "before": "1969-12-31T23:59:59.500Z", "date": "2026-02-01", "d64": "1969-12-31", "t32": "01:02:03", "t64": "23:59:59.000001",
                   "dec": "-12345678901234567890.10", "d256": "1" * 50 + ".5", "small": "0.07", "bin": "AP8Qeg==", "b1": "YQ==", "b2": "YWI=", "fixed": "YWJj", "span": 5000}


def test_int96_and_uuid(place):
    file = put(place, "t.parquet", pa.table({"t": pa.array([dt.datetime(2026, 2, 1, 12), dt.datetime(9999, 12, 31)], pa.timestamp("us"))}), use_deprecated_int96_timestamps=True)
    assert rows(place, "--file", file) == [{"t": "2026-02-01T12:00:00.000Z"}, {"t": "9999-12-31T00:00:00.000Z"}]
    value = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
    duckdb.sql(f"copy (select '{value}'::uuid u, interval 1 day as i) to '{place.path('u.parquet')}'")
    assert rows(place, "--file", place.path("u.parquet"), ns="u")[0]["u"] == str(value)


def test_lists_structs_and_maps(place):
    inner = pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string())), ("gone", pa.string())])
    got = one(place, l=pa.array([[1, None, 3]]), empty=pa.array([[]], pa.list_(pa.int8())), ll=pa.array([[[1], [], None]], pa.list_(pa.list_(pa.int64()))), fixed=pa.array([[1, 2]], pa.list_(pa.int8(), 2)),
              s=pa.array([{"a": 1, "b": ["x", None], "gone": None}], inner), ls=pa.array([[{"a": 2}, None]], pa.list_(inner)), big=pa.array([["q"]], pa.large_list(pa.string())),
              m=pa.array([[("k", 1), ("l", None)]], pa.map_(pa.string(), pa.int64())), mi=pa.array([[(5, "x")]], pa.map_(pa.int32(), pa.string())),
              md=pa.array([[(dt.date(2026, 1, 1), True)]], pa.map_(pa.date32(), pa.bool_())), mf=pa.array([[(1.5, "x")]], pa.map_(pa.float64(), pa.string())))
    assert got == {"l": [1, None, 3], "empty": [], "ll": [[1], [], None], "fixed": [1, 2], "s": {"a": 1, "b": ["x", None]}, "ls": [{"a": 2}, None], "big": ["q"], "m": {"k": 1, "l": None},
                   "mi": {"5": "x"}, "md": {"2026-01-01": True}, "mf": [{"key": 1.5, "value": "x"}]}


def test_many_rows_of_other_writers_keep_their_order_and_ids(place):
    frame = pl.DataFrame({"k": [f"k{i:05}" for i in range(20_000)], "n": range(20_000), "tags": [[str(i % 7)] * (i % 3) for i in range(20_000)]})
    frame.write_parquet(place.path("p.parquet"), row_group_size=3000)
    want = [{"k": f"k{i:05}", "n": i, "tags": [str(i % 7)] * (i % 3)} for i in range(20_000)]
    assert rows(place, "--file", place.path("p.parquet"), "--id-field", "k") == want
    duckdb.sql(f"copy (select * from '{place.path('p.parquet')}') to '{place.path('d.parquet')}' (compression gzip)")
    assert rows(place, "--file", place.path("d.parquet"), ns="d") == want
    assert place.ok("import", "--file", place.path("d.parquet"), "--id-field", "k", "--namespace", "n", "--on-conflict", "replace", "--json").json()["skipped"] == 20_000
    assert "--namespace" in place.fails(2, "import", "--file", place.path("d.parquet")).err


def test_an_export_that_another_program_rewrote_is_exact(place):
    place.ok("import", "--file", place.ndjson("in.ndjson", [{"$id": f"posts/p{i}", "n": i, "x": [1.5, None], "t": "2026" if i % 2 else 7, "$links": {"by": [f"users/u{i}"]}} for i in range(9)]))
    place.ok("update", "posts/p3", "--data", '{"n":99}', "--operator", "bob")
    place.ok("export", "--output", place.path("out.parquet"))
    want = place.ok("export", "--format", "ndjson").out
    duckdb.sql(f"copy (select * from '{place.path('out.parquet')}' order by n desc) to '{place.path('duck.parquet')}'")
    pl.read_parquet(place.path("out.parquet")).write_parquet(place.path("polars.parquet"))
    for name in ("duck", "polars"):
        place.ok("import", "--file", place.path(name + ".parquet"), db=place.path(name))
        assert place.ok("export", "--format", "ndjson", db=place.path(name)).out == want
    duckdb.sql(f"copy (select \"$id\", n from '{place.path('out.parquet')}') to '{place.path('part.parquet')}'")
    place.ok("import", "--file", place.path("part.parquet"), db=place.path("part"))
    assert {k: e["n"] for k, e in place.state(db=place.path("part")).items()} == {k: e["n"] for k, e in place.state().items()}


@pytest.mark.parametrize("columns,words", [
    ({"x": pa.array([1.0, math.nan])}, ["row 2", "column x", "NaN"]),
    ({"x": pa.array([[1.0], [math.inf]])}, ["row 2", "column x", "infinity"]),
    ({"x": pa.array([2**60], pa.timestamp("us"))}, ["row 1", "column x", "year"]),
    ({"x": pa.array([10_000_000], pa.date32())}, ["row 1", "year"]),
    ({"$mine": pa.array([1])}, ["$mine", "system"]),
    ({"$id": pa.array([7])}, [":1:", "$id is not a string"]),
    ({"$id": pa.array(["n/a", "n/a"])}, [":2:", "twice"]),
    ({"$id": pa.array(["n/a"]), "$data": pa.array(['{"a":1']), "b": pa.array([1])}, ["row 1", "$data"]),
    ({"m": pa.array([[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int64()))}, [":1:", "k"]),
])
def test_what_has_no_place_in_a_document_is_refused(place, columns, words):
    place.ok("create", "posts", "--id", "first")
    before = place.state()
    r = place.fails(23, "import", "--file", put(place, "bad.parquet", pa.table(columns)), "--namespace", "n")
    assert r.err.count("bad.parquet") == 1 and all(w in r.err for w in words), r.err
    assert place.state() == before


def test_names_that_come_twice_are_refused(place):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    assert "column a comes twice" in place.fails(23, "import", "--file", put(place, "two.parquet", table), "--namespace", "n").err


def nested(levels, value):
    kind = pa.int64()
    for _ in range(levels):
        kind, value = pa.list_(kind), [value]
    return pa.table({"x": pa.array([value], kind)})


def test_nesting_up_to_a_documents_levels(place):
    assert json.dumps(rows(place, "--file", put(place, "d.parquet", nested(60, 1)))[0]["x"]).count("[") == 60
    assert place.fails(23, "import", "--file", put(place, "e.parquet", nested(110, 1)), "--namespace", "e").err


def schema_of_groups(levels):
    """A Parquet file without rows whose one column lies in so many groups: the footer in Thrift's compact protocol."""
    def number(n):
        return bytes([n & 127 | 128]) + number(n >> 7) if n > 127 else bytes([n])
    one = number(1 << 1)
    root = b"\x48" + number(1) + b"r" + b"\x15" + one + b"\0"  # name, num_children
    group = b"\x35" + one + b"\x18" + number(1) + b"g" + b"\x15" + one + b"\0"  # optional, name, num_children
    leaf = b"\x15" + number(2 << 1) + b"\x25" + one + b"\x18" + number(1) + b"x" + b"\0"  # INT64, optional, name
    meta = b"\x15" + one + b"\x19\xfc" + number(levels + 2) + root + group * levels + leaf + b"\x16\x00\x19\x0c\x00"
    return b"PAR1" + meta + len(meta).to_bytes(4, "little") + b"PAR1"


def test_a_schema_of_a_hundred_thousand_levels_is_invalid(place):
    place.ok("import", "--file", place.write("good.parquet", schema_of_groups(50)), "--namespace", "n")
    for levels in (1000, 100_000):
        assert "deep.parquet: " in place.fails(23, "import", "--file", place.write("deep.parquet", schema_of_groups(levels)), "--namespace", "n").err


def test_a_damaged_file_is_invalid_and_never_a_crash(place):
    seed = int(os.environ.get("PARQUEDB_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print("PARQUEDB_TEST_SEED =", seed)
    draw = random.Random(seed)
    table = pa.table({"s": [f"text {i % 50}" for i in range(300)], "n": list(range(300)), "l": [[i, None] for i in range(300)], "m": [{"a": i, "b": str(i)} for i in range(300)]})
    with open(put(place, "good.parquet", table, compression="zstd"), "rb") as f:
        good = f.read()
    place.ok("init", place.db, db=None)
    for _ in range(150):
        bad = bytearray(good)
        kind = draw.randrange(3)
        if kind == 0:
            bad = bad[: draw.randrange(len(bad))]
        for _ in range(draw.randrange(1, 6) if kind else 0):
            at = draw.randrange(len(bad)) if kind == 1 else len(bad) - 1 - draw.randrange(900)  # anywhere, or in the footer
            bad[at] = draw.randrange(256)
        r = place.call("import", "--file", place.write("bad.parquet", bytes(bad)), "--namespace", "n", "--dry-run")
        assert r.rc in (0, 23), (r.rc, r.err)
    assert place.state() == {}


def test_a_large_file_stays_within_512_mib(place):
    draw = random.Random(3)
    with pq.ParquetWriter(place.path("big.parquet"), pa.schema([("k", pa.string()), ("text", pa.string()), ("tags", pa.list_(pa.int64()))])) as writer:
        for group in range(4):
            writer.write_table(pa.table({"k": [f"{group}-{i}" for i in range(60_000)], "text": [draw.randbytes(300).hex() for _ in range(60_000)], "tags": [[i] * 3 for i in range(60_000)]}), row_group_size=60_000)
    assert peak_mib("import", "--file", place.path("big.parquet"), "--namespace", "n", "--id-field", "k", "--directory", place.db) <= 512
