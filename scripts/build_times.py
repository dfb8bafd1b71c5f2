"""The slowest files of a build: build_times.py build/release/.ninja_log."""
import sys

times = {}
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        parts = line.rstrip("\n").split("\t")
        if len(parts) >= 4:
            times[parts[3]] = int(parts[1]) - int(parts[0])
for name, ms in sorted(times.items(), key=lambda item: -item[1])[:20]:
    print(f"{ms / 1000:7.1f} s  {name}")
