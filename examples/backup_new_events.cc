// The event log alone, segment by segment: everything else can be made from it.
//
//   backup_new_events DIR COPY SEQ     (SEQ: what the last run printed; 0 at first)
#include <cstdlib>
#include <iostream>

#include "parquedb/event_manifest.h"

using namespace parquedb;

int main(int argc, char** argv) {
  if (argc != 4) return std::cerr << "usage: backup_new_events DIR COPY SEQ\n", 2;
  auto local = OpenDirectory(argv[1]), remote = OpenDirectory(argv[2]);
  if (!local.ok() || !remote.ok()) return std::cerr << "error: no such folder\n", 1;
  int64_t last_backup_seq = std::strtoll(argv[3], nullptr, 10);

  auto manifest = ReadEventManifest(**local);
  if (!manifest.ok()) return std::cerr << "error: " << manifest.status().message() << "\n", 1;
  for (const SegmentEntry& segment : manifest->segments) {
    if (segment.seq > last_backup_seq) std::cout << "new: " << segment.path << ", " << segment.count << " events\n";
  }
  auto seq = BackupNewEvents(**local, **remote, last_backup_seq);
  if (!seq.ok()) return std::cerr << "error: " << seq.status().message() << "\n", 1;
  std::cout << *seq << "\n";
}
