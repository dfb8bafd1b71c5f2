// Runs a fuzz target without a fuzzer: over the files of a folder, then over inputs made from them.
//
//   json_fuzz FOLDER [COUNT [SEED]]
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void RunOne(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

// One of the usual mutations: a byte, a run of bytes, or a piece of another input.
void Mutate(std::mt19937_64& random, const std::vector<std::string>& corpus, std::string* input) {
  auto below = [&random](size_t n) { return static_cast<size_t>(random() % n); };
  size_t at = below(input->size() + 1);
  switch (below(5)) {
    case 0:
      if (at < input->size()) (*input)[at] = static_cast<char>((*input)[at] ^ (1 << below(8)));
      break;
    case 1:
      input->insert(at, 1, static_cast<char>(random()));
      break;
    case 2:
      input->erase(at, 1 + below(8));
      break;
    case 3: {
      const std::string& other = corpus[below(corpus.size())];
      size_t from = below(other.size() + 1);
      input->insert(at, other.substr(from, below(64)));
      break;
    }
    default:
      input->resize(at);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::cerr << "usage: " << argv[0] << " FOLDER [COUNT [SEED]]\n", 2;
  std::vector<std::string> paths, corpus;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    corpus.push_back(text.str());
    RunOne(corpus.back());
  }
  uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : std::random_device()();
  std::cout << corpus.size() << " inputs, " << count << " made from them, seed " << seed << std::endl;
  std::mt19937_64 random(seed);
  for (uint64_t i = 0; i < count && !corpus.empty(); ++i) {
    std::string input = corpus[static_cast<size_t>(random() % corpus.size())];
    for (uint64_t times = 1 + random() % 4; times > 0; --times) Mutate(random, corpus, &input);
    RunOne(input);
  }
}
