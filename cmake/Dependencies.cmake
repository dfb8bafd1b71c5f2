# Every library that we use. Each is linked only by the folder that needs it (cmake/Layers.cmake).
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(boost_json 1.81 CONFIG REQUIRED)
find_package(ArrowParquet 25 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)  # pkg-config: Debian ships no CMake files for it
if(PARQUEDB_DEVELOPER)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()
