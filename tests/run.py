"""Runs every test and closes with one line that counts them.

C++: each parquedb_*_test of the build folder (GoogleTest). Python: tidy, the command line, the documents, other readers
(pytest in .venv). Exit status 0 only if something passed and nothing failed.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


SHARDS = 2  # of each C++ test program, so that the longest does not keep one core waiting


def run_gtest(path, shard):
    env = dict(os.environ, GTEST_TOTAL_SHARDS=str(SHARDS), GTEST_SHARD_INDEX=str(shard))
    done = subprocess.run([path, "--gtest_brief=1"], capture_output=True, text=True, cwd=ROOT, env=env)
    out = done.stdout + done.stderr
    passed = int((re.search(r"\[  PASSED  \] (\d+) test", out) or [0, 0])[1])
    failed = int((re.search(r"(\d+) FAILED TEST", out) or [0, 0])[1])
    skipped = int((re.search(r"\[  SKIPPED \] (\d+) test", out) or [0, 0])[1])
    if done.returncode != 0 and failed == 0:
        failed = 1  # it crashed
    return os.path.basename(path), passed, failed, skipped, out if failed else ""


def run_pytest(build):
    env = dict(os.environ, PARQUEDB_BIN=os.path.join(ROOT, build, "parquedb"))
    done = subprocess.run([os.path.join(ROOT, ".venv/bin/python"), "-m", "pytest", "-q", "-n", "2", "--no-header", "-p", "no:cacheprovider", "tests"],
                          capture_output=True, text=True, cwd=ROOT, env=env)
    last = done.stdout.strip().rsplit("\n", 1)[-1]  # "2 failed, 694 passed in 165.30s"; other lines may quote a program's words
    count = lambda word: int((re.search(rf"(\d+) {word}", last) or [0, 0])[1])
    failed = count("failed") + count("error")
    if done.returncode not in (0,) and failed == 0:
        failed = 1
    return "pytest", count("passed"), failed, count("skipped"), (done.stdout + done.stderr) if failed else ""


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", default="build/release")
    options.add_argument("--no-python", action="store_true")
    args = options.parse_args()
    tests = sorted(glob.glob(os.path.join(ROOT, args.build, "parquedb_*_test")))
    passed = failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda job: run_gtest(*job), [(path, shard) for path in tests for shard in range(SHARDS)]))
    results = []
    for name, passed_here, failed_here, skipped_here, text in parts:
        if results and results[-1][0] == name:
            before = results.pop()
            passed_here, failed_here, skipped_here = before[1] + passed_here, before[2] + failed_here, before[3] + skipped_here
            text = before[4] + text
        results.append((name, passed_here, failed_here, skipped_here, text))
    if not args.no_python:
        results.append(run_pytest(args.build))
    for name, good, bad, left, text in results:
        print(f"{name:28} {good:5} passed" + (f", {bad} failed" if bad else "") + (f", {left} skipped" if left else ""), flush=True)
        if bad:
            print(text, flush=True)
        passed, failed, skipped = passed + good, failed + bad, skipped + left
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(0 if passed and not failed else 1)


main()
