# How every target of ours is compiled and linked.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

add_library(parquedb_options INTERFACE)
target_include_directories(parquedb_options INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                           $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
if(PARQUEDB_DEVELOPER)
  # Designated initialisers leave defaults out on purpose.
  target_compile_options(parquedb_options INTERFACE
    "$<BUILD_INTERFACE:-Wall;-Wextra;-Wshadow;-Wnon-virtual-dtor;-Wextra-semi;-Werror;-Wno-missing-field-initializers>")
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A source file that a unity file includes looks like a header to this warning.
  target_compile_options(parquedb_options INTERFACE $<BUILD_INTERFACE:-Wno-subobject-linkage>)
endif()
if(PARQUEDB_SANITIZE)
  add_compile_options(-fsanitize=${PARQUEDB_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PARQUEDB_SANITIZE})
  if(PARQUEDB_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  if(PARQUEDB_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan)  # GCC warns about fences that TSan does not model.
  endif()
endif()
