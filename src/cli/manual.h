// The manual, from the table of commands: man pages, and the reference as one Markdown page. The same bytes every time.
#pragma once

#include <string>
#include <vector>

namespace parquedb {

struct ManualPage {
  std::string name;  // of the file: "parquedb-query.1"
  std::string text;
};

// parquedb(1) and a page for each verb, in the man(7) language; ASCII.
std::vector<ManualPage> ManPages();

// Markdown.
std::string ReferencePage();

}  // namespace parquedb
