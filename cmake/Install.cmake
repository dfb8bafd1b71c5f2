# `cmake --install`: a tree that can be moved. The program finds the Arrow libraries by RUNPATH, a consumer finds ours by
# find_package(parquedb). `cpack -G DEB` makes a package of the same tree.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(parquedb_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/parquedb)

# What a program links: every folder but the command line, under one name.
add_library(parquedb_library INTERFACE)
get_property(layers GLOBAL PROPERTY PARQUEDB_LAYERS)
list(REMOVE_ITEM layers parquedb_cli parquedb_config)
target_link_libraries(parquedb_library INTERFACE ${layers})
set_target_properties(parquedb_library PROPERTIES EXPORT_NAME parquedb)
foreach(layer IN LISTS layers)
  string(REPLACE parquedb_ "" name ${layer})
  set_target_properties(${layer} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(${layer} INTERFACE $<INSTALL_INTERFACE:include>)
endforeach()
set_target_properties(parquedb_options PROPERTIES EXPORT_NAME options)

install(TARGETS parquedb_library parquedb_options ${layers} EXPORT parquedbTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT parquedbTargets NAMESPACE parquedb:: DESTINATION ${parquedb_config_dir} COMPONENT development)
install(DIRECTORY include/parquedb DESTINATION include COMPONENT development)
get_property(parquedb_brings_arrow GLOBAL PROPERTY ARROW_PARQUET_FILES SET)
configure_package_config_file(cmake/parquedbConfig.cmake.in ${PROJECT_BINARY_DIR}/parquedbConfig.cmake
                              INSTALL_DESTINATION ${parquedb_config_dir} PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/parquedbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/parquedbConfig.cmake ${PROJECT_BINARY_DIR}/parquedbConfigVersion.cmake
        DESTINATION ${parquedb_config_dir} COMPONENT development)

install(TARGETS parquedb RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(TARGETS parquedb_arrow LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/parquedb COMPONENT program)
arrow_parquet_install(program)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)

# The manual and the completions come from the program itself.
set(made ${PROJECT_BINARY_DIR}/made)
add_custom_command(
  OUTPUT ${made}/stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${made}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${made}/man1
  COMMAND parquedb generate --man ${made}/man1 --quiet --output ${made}/log
  COMMAND parquedb completion bash --output ${made}/parquedb
  COMMAND parquedb completion zsh --output ${made}/_parquedb
  COMMAND parquedb completion fish --output ${made}/parquedb.fish
  COMMAND ${CMAKE_COMMAND} -E touch ${made}/stamp
  DEPENDS parquedb VERBATIM)
add_custom_target(parquedb_manual ALL DEPENDS ${made}/stamp)
install(DIRECTORY ${made}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT program)
install(FILES ${made}/parquedb DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
install(FILES ${made}/_parquedb DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program)
install(FILES ${made}/parquedb.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)

# The package holds the program; who builds against the library builds it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME parquedb)
set(CPACK_PACKAGE_CONTACT "ParqueDB <parquedb@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Event-sourced document database in Parquet files, with backup and restore")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME parquedb)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${ArrowParquet_DIR_UNPACKED}/lib)
include(CPack)
