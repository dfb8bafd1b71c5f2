"""One process that writes and compacts, and four reading processes of the real binary: every read is one prefix of the log.

PARQUEDB_TEST_SEED and PARQUEDB_TEST_OPS choose another run.
"""
import hashlib
import json
import os
import random
import threading

import pytest

OPS = int(os.environ.get("PARQUEDB_TEST_OPS") or 120)
READERS = 4


def fingerprint(lines):
    return sum(int(hashlib.sha256(line.encode()).hexdigest(), 16) for line in lines) % 2**256


def entity_lines(events_text):
    """Per event its entity and its entity's line afterwards (None if deleted), cut from the event's own text."""
    for line in events_text.splitlines():
        event = json.loads(line)
        ns, _, local = event["target"].partition(":")
        after = None
        if event["after"] is not None:
            # The document's text as it stands in the event's line: from `"after":` to the actor behind it.
            begin, end = line.index(',"after":{') + len(',"after":{'), line.rindex(',"actor":')
            after = f'{{"$id":"{ns}/{local}","$type":"{ns}",' + line[begin:end]
        yield f"{ns}/{local}", after


class Writer:
    """Writes until it is done. `acknowledged` is the lsn of the last event that a command has acknowledged."""

    def __init__(self, place, seed, flush_events):
        self.place, self.random = place, random.Random(seed)
        self.env = {"PARQUEDB_FLUSH_EVENTS": str(flush_events), "PARQUEDB_TEST_BASE_BYTES": str(self.random.choice([0, 6000, 10**9]))}
        self.acknowledged, self.ends, self.live, self.made, self.done, self.error = 0, [0], [], 0, False, None

    def write(self, events, *args):
        self.place.ok(*args, env=self.env)
        if events:
            self.acknowledged += events
            self.ends.append(self.acknowledged)  # a reader may see the log end here, and nowhere between

    def one(self, number):
        pick = self.random.random()
        if number % 20 == 19:
            self.write(0, "checkpoint")
        elif number % 33 == 32:
            self.write(0, "flush")
        elif number % 11 == 10:
            self.write(0, "compact")
        elif pick < 0.45 or not self.live:
            self.made += 1
            self.write(1, "create", "n", "--id", f"{self.made:06d}", "--data", json.dumps({"n": self.made}))
            self.live.append(self.made)
        elif pick < 0.75:
            self.write(1, "update", f"n/{self.random.choice(self.live):06d}", "--data", '{"$inc":{"seen":1}}')
        elif pick < 0.85:
            gone = self.live.pop(self.random.randrange(len(self.live)))
            self.write(1, "delete", f"n/{gone:06d}")
        else:
            rows = [{"$id": f"batch/{self.made + 1:06d}-{i}", "of": 9} for i in range(9)]
            self.made += 1
            self.write(9, "import", "--file", self.place.ndjson("batch.ndjson", rows))

    def run(self):
        try:
            for number in range(OPS):
                self.one(number)
        except BaseException as e:  # the readers must end too
            self.error = e
        self.done = True


def read(place, kind, writer):
    """What was acknowledged before the read began, and what it showed."""
    before = writer.acknowledged
    if kind == "events":
        out = place.ok("events", "--format", "ndjson").out
    elif kind == "export":
        out = place.ok("export", "--at", "latest", "--format", "ndjson").out
    elif kind == "past":
        out = place.ok("export", "--at", f"lsn:{before}", "--format", "ndjson").out
    elif kind == "stats":
        out = place.ok("stats", "--json").json()["events"]
    elif kind == "verify":
        out = place.ok("verify", "--json").json()["passed"]
    elif kind == "push":
        out = place.ok("push", "--to", place.path("remote"), "--json").json()["results"][0]["commit"]
    else:
        out = place.ok("query", kind, "--format", "ndjson").out
    return kind, before, out


def check(found, log, ends, digests):
    kind, before, out = found
    if kind == "events":
        assert log.startswith(out), "not a prefix of the log"
        assert out.count("\n") >= before and out.count("\n") in ends, (out.count("\n"), before)
        return
    if kind in ("verify", "push"):
        assert out
        return
    if kind == "stats":
        assert out >= before and out in ends, (out, before)
        return
    prefix = "" if kind in ("export", "past") else kind + "/"
    seen = [lsn for lsn in digests[prefix].get(fingerprint(out.splitlines()), ()) if lsn in ends and lsn >= before]
    assert seen, f"{kind}: the state of no prefix that holds lsn {before}"
    if kind == "past":
        assert before in seen


def states(log):
    """For all namespaces and for each: fingerprint of a state -> the lsns at which it holds."""
    digests, now = {"": {}, "n/": {}, "batch/": {}}, {}
    for prefix in digests:
        digests[prefix].setdefault(0, []).append(0)
    total = dict.fromkeys(digests, 0)
    for lsn, (name, after) in enumerate(entity_lines(log), 1):
        for prefix in digests:
            if name.startswith(prefix):
                total[prefix] = (total[prefix] - fingerprint([now[name]] if name in now else []) + fingerprint([after] if after else [])) % 2**256
            digests[prefix].setdefault(total[prefix], []).append(lsn)
        now.pop(name, None)
        if after:
            now[name] = after
    return digests


@pytest.mark.parametrize("flush_events", [3, 25])
def test_every_read_is_one_prefix_of_the_log_with_all_that_was_acknowledged_before(place, flush_events):
    seed = int(os.environ.get("PARQUEDB_TEST_SEED") or random.randrange(2**32))
    print("PARQUEDB_TEST_SEED =", seed)
    writer, found, errors = Writer(place, seed, flush_events), [], []
    place.ok("create", "n", "--id", "first")
    place.ok("import", "--file", place.ndjson("first.ndjson", [{"$id": "batch/first"}]))
    writer.acknowledged = 2
    writer.ends.append(2)

    def reader(number):
        pick = random.Random(seed + 1 + number)
        try:
            while not writer.done:
                kinds = ["events", "export", "past", "stats", "n", "batch", "verify"] + (["push"] if number == 0 else [])
                found.append(read(place, pick.choice(kinds), writer))
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=writer.run)] + [threading.Thread(target=reader, args=(i,)) for i in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in [writer.error, *errors]:
        if error:
            raise error
    log = place.ok("events", "--format", "ndjson").out
    assert log.count("\n") == writer.acknowledged and len(found) >= READERS
    digests, ends = states(log), set(writer.ends)
    for one in found:
        check(one, log, ends, digests)
    assert {kind for kind, _, _ in found} >= {"events", "export", "past", "stats", "n", "batch", "verify"}
    place.ok("push", "--to", place.path("remote"))
    place.ok("verify", place.path("remote"), db=False)
    place.ok("pull", place.path("remote"), "--directory", place.path("copy"), db=None)
    assert place.ok("events", "--format", "ndjson", db=place.path("copy")).out == log
