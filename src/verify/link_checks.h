// Relationship files against the links that entities hold.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/external_sort.h"
#include "verify/derived_files.h"
#include "verify/fold.h"

namespace parquedb {

// Takes entities in id order, compares the forward files on the way and the reverse files at the end. Memory: 32 MiB a
// cut; more goes through TMPDIR. One thread.
class LinkChecks {
 public:
  // `dangling_at`: the cut at which links whose target is not there are warnings.
  LinkChecks(Subject& subject, const DerivedFiles& files, std::vector<int64_t> cuts, int64_t dangling_at);
  ~LinkChecks();

  // `entity.at` goes with the cuts.
  Status Add(const FoldedEntity& entity);
  Status Finish();

 private:
  class RowReader;
  size_t CutIndex(int64_t lsn) const;
  Status AddReverse(const FoldedEntity& entity);
  Status AddForward(const FoldedEntity& entity);
  Status StartForward(const std::string& ns);
  Status FinishForward();
  Status CheckReverseAt(size_t cut);
  bool IsOutside(const std::string& id) const;
  Status ExpectReverse(size_t cut, const LinkRow& row);
  Status FinishReverse();
  Status Match(RowReader* reader, const LinkRow& row);
  Status ReportRest(RowReader* reader);

  Subject& subject_;
  const DerivedFiles& files_;
  const std::vector<int64_t> cuts_;
  const int64_t dangling_at_;
  std::vector<ExternalSorter> incoming_;  // of each cut
  std::string forward_ns_, reverse_ns_;
  std::unique_ptr<RowReader> forward_, reverse_;
  std::set<std::string> forward_seen_, reverse_seen_, missing_reported_;
};

}  // namespace parquedb
