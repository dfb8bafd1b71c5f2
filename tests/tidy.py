"""The house rules that a compiler does not check: layers, sizes, forbidden calls. Prints each breach; exit status 1 if any."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70
FORBIDDEN = [  # pattern, where it is allowed, why
    (r"boost::json::(parse|serialize)\b", (), "changes digits of numbers; use document/value.h"),
    (r"\.erase\(\s*boost::json", (), "reorders members; use RemoveMember"),
    (r"#include <(arrow|parquet)/", ("src/arrowio/", "bench/"), "Arrow lives in arrowio"),
    (r"#include <re2/", ("src/query/",), "RE2 lives in query"),
    (r"#include <boost/json", ("src/document/",), "Boost.JSON lives in document"),
    (r"\bstd::c(out|err)\b|\bprintf\(|fmt::print\(", ("src/cli/", "src/core/check.cc", "bench/"), "only the command line prints"),
    (r"\bthrow\b", ("src/arrowio/zstd_pages.cc",), "nothing throws (but into an interface of Parquet that wants it); return a Status"),
]


def layers():
    allowed = {}
    for line in open(os.path.join(ROOT, "src/LAYERS"), encoding="utf-8"):
        m = re.match(r"^([a-z]+):\s*(.*)$", line)
        if m:
            allowed[m[1]] = set(m[2].split())
    return allowed


def without_comments(text):
    return re.sub(r"//[^\n]*", "", text)


def long_functions(lines):
    """Top-level or member function bodies, by brace depth and indentation: a rough measure that errs on the short side."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r"^( {0,4})\S.*\)( const| override| noexcept)*( override)? \{$", line) and not re.match(r"^\s*(if|for|while|switch|else|do|namespace|class|struct)\b", line):
            start, indent = number, len(line) - len(line.lstrip())
        elif start is not None and line.startswith(" " * indent + "}") and not line.startswith(" " * indent + "} "):
            if number - start + 1 > MAX_FUNCTION_LINES:
                yield start, number - start + 1
            start = None


def check(path, allowed):
    text = open(os.path.join(ROOT, path), encoding="utf-8").read()
    lines = text.split("\n")
    breaches = []
    if len(lines) > MAX_FILE_LINES + 1:
        breaches.append(f"{path}: {len(lines)} lines; at most {MAX_FILE_LINES}")
    for start, length in long_functions(lines):
        breaches.append(f"{path}:{start}: a function of {length} lines; at most {MAX_FUNCTION_LINES}")
    folder = path.split("/")[1] if path.startswith("src/") else None
    if folder:
        for m in re.finditer(r'^#include "([a-z]+)/', text, re.M):
            if m[1] not in allowed[folder] | {folder, "parquedb"}:
                breaches.append(f"{path}: {folder} may not include {m[1]} (src/LAYERS)")
    code = without_comments(text)
    for pattern, places, why in FORBIDDEN:
        if not path.endswith("_test.cc") and not any(path.startswith(p) for p in places) and re.search(pattern, code):
            breaches.append(f"{path}: {pattern}: {why}")
    return breaches


def main():
    files = subprocess.run(["git", "ls-files", "src", "include", "bench"], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split()
    allowed, seen, breaches = layers(), set(), []
    for folder, below in allowed.items():
        for lower in below - seen:
            breaches.append(f"src/LAYERS: {folder} names {lower}, which is not above it: the graph would have a cycle")
        seen.add(folder)
    for path in files:
        if path.endswith((".h", ".cc")) and os.path.exists(os.path.join(ROOT, path)):
            breaches += check(path, allowed)
    print("\n".join(breaches) if breaches else f"tidy: {len(files)} files")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
