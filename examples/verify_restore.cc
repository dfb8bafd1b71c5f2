// Proves that a restored database is whole, and equals the original.
//
//   verify_restore ORIGINAL RESTORED
#include <chrono>
#include <iostream>

#include "parquedb/verify.h"

using namespace parquedb;

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: verify_restore ORIGINAL RESTORED\n", 2;
  auto original = OpenDirectory(argv[1]), restored = OpenDirectory(argv[2]);
  if (!original.ok() || !restored.ok()) return std::cerr << "error: no such folder\n", 1;
  auto now = std::chrono::system_clock::now().time_since_epoch();
  auto result = Verify(**restored, {.level = VerifyLevel::kReplay,
                                    .now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                                    .compare = original->get()});
  if (!result.ok()) return std::cerr << "error: " << result.status().message() << "\n", 1;
  for (const VerificationCheck& check : result->checks) {
    std::cout << (check.passed ? "ok      " : "FAILED  ") << check.name;
    if (check.expected) std::cout << "  " << check.actual.value_or(0) << " of " << *check.expected;
    std::cout << "\n";
  }
  for (const std::string& error : result->errors) std::cout << "  " << error << "\n";
  std::cout << (result->passed ? "passed\n" : "failed\n");
  return result->passed ? 0 : 1;
}
