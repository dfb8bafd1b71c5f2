# Makes one static library parquedb_<folder> for each folder of src/, and parquedb_<folder>_test from its *_test.cc
# files. What a folder links is what src/LAYERS lets it include, so the two can't drift apart.

# Libraries from outside, by the one folder that may use them.
set(parquedb_external_core OpenSSL::Crypto fmt::fmt Threads::Threads)
set(parquedb_external_document Boost::json)
set(parquedb_external_storage PkgConfig::ZSTD ZLIB::ZLIB)
set(parquedb_external_query PkgConfig::RE2)
set(parquedb_external_parquetfile PkgConfig::ZSTD ZLIB::ZLIB)
set(parquedb_external_columnar ${CMAKE_DL_LIBS})
set(parquedb_external_arrowio ArrowParquet::parquet PkgConfig::ZSTD)

# What is done with Arrow, and what that needs: in the program it is a module of its own, loaded when it is needed.
# Other programs link it in.
set(parquedb_in_module core parquetfile columnar arrowio)

function(_parquedb_add_tests folder)
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*_test.cc)
  if(NOT tests OR NOT PARQUEDB_DEVELOPER)
    return()
  endif()
  add_executable(parquedb_${folder}_test ${tests})
  set_target_properties(parquedb_${folder}_test PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
  target_link_libraries(parquedb_${folder}_test PRIVATE parquedb_${folder} parquedb_arrowio GTest::gmock GTest::gtest_main)
  target_compile_definitions(parquedb_${folder}_test PRIVATE PARQUEDB_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/golden")
  set_property(GLOBAL APPEND PROPERTY PARQUEDB_TESTS parquedb_${folder}_test)
endfunction()

function(parquedb_add_layers)
  file(STRINGS ${PROJECT_SOURCE_DIR}/src/LAYERS lines REGEX "^[a-z]+:")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/LAYERS)
  set(known "")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([a-z]+): *(.*)$" _ "${line}")
    set(folder ${CMAKE_MATCH_1})
    separate_arguments(below UNIX_COMMAND "${CMAKE_MATCH_2}")
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cc)
    list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
    list(FILTER sources EXCLUDE REGEX "/(main|module)\\.cc$")
    if(NOT sources)
      continue()
    endif()
    add_library(parquedb_${folder} STATIC ${sources})
    target_link_libraries(parquedb_${folder} PUBLIC parquedb_options ${parquedb_external_${folder}})
    foreach(lower IN LISTS below)
      # Linked by name: CMake resolves it when every folder has been read.
      file(GLOB any ${PROJECT_SOURCE_DIR}/src/${lower}/*.cc)
      if(any)
        target_link_libraries(parquedb_${folder} PUBLIC parquedb_${lower})
      endif()
    endforeach()
    if(folder STREQUAL cli OR folder STREQUAL columnar)
      target_compile_definitions(parquedb_${folder} PRIVATE PARQUEDB_VERSION="${PROJECT_VERSION}")
    endif()
    if(folder IN_LIST parquedb_in_module)
      set_target_properties(parquedb_${folder} PROPERTIES POSITION_INDEPENDENT_CODE ON)
      target_compile_options(parquedb_${folder} PRIVATE -fno-semantic-interposition)
    endif()
    if(folder STREQUAL arrowio)
      # Nothing names what is in it but a weak reference (columnar/arrow_module.cc).
      target_link_options(parquedb_arrowio INTERFACE LINKER:-u,parquedb_linked_arrow)
    endif()
    _parquedb_add_tests(${folder})
    list(APPEND known parquedb_${folder})
  endforeach()
  set_property(GLOBAL PROPERTY PARQUEDB_LAYERS ${known})
  get_property(tests GLOBAL PROPERTY PARQUEDB_TESTS)
  add_custom_target(parquedb_tests DEPENDS ${tests})
endfunction()

# The program. Its main.cc is one call.
function(parquedb_add_program)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/src/cli/main.cc)
    return()
  endif()
  add_executable(parquedb ${PROJECT_SOURCE_DIR}/src/cli/main.cc)
  target_link_libraries(parquedb PRIVATE parquedb_cli)
  # Of what is linked only what is used is loaded when it starts.
  target_link_options(parquedb PRIVATE LINKER:-O1,--as-needed)

  # Nobody may meet its symbols but by the two that the program looks up.
  add_library(parquedb_arrow MODULE ${PROJECT_SOURCE_DIR}/src/arrowio/module.cc)
  target_link_libraries(parquedb_arrow PRIVATE parquedb_arrowio)
  target_link_options(parquedb_arrow PRIVATE LINKER:--exclude-libs,ALL)
  set_target_properties(parquedb_arrow PROPERTIES OUTPUT_NAME parquedb-arrow CXX_VISIBILITY_PRESET hidden
                        LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} INSTALL_RPATH "$ORIGIN")
  # All that it links is the system's: with a RUNPATH each library would be looked for there first, at every start.
  set_target_properties(parquedb PROPERTIES INSTALL_RPATH "" INSTALL_RPATH_USE_LINK_PATH ON)
  add_dependencies(parquedb parquedb_arrow)
endfunction()
