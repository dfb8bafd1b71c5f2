// Writes, flushes, checkpoints and imports on a disk that crashes at every operation.
#include "database/crash_suite.h"

namespace parquedb {
namespace {

INSTANTIATE_TEST_SUITE_P(Scripts, CrashTest,
                         testing::Values(CrashCase{"Writes", RunWrites, nullptr},
                                         CrashCase{"ImportThroughTheWal", RunImports, nullptr},
                                         CrashCase{"ImportIntoSegments", RunImports, "100"},
                                         CrashCase{"WritesWithBases", RunWrites, nullptr, "0"},
                                         CrashCase{"ImportIntoSegmentsWithBases", RunImports, "100", "0"}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace parquedb
