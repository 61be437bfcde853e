# Shared build rules: warnings, sanitizers, and one helper each for a module and for a test program.
# -Wno-restrict: GCC 12 reports std::string concatenation falsely (GCC bug 105651).
# -Wno-maybe-uninitialized under sanitizers: their instrumentation makes GCC report <regex> falsely (GCC bug 105562).
add_library(moa_build_flags INTERFACE)
target_compile_options(moa_build_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wno-sign-conversion -Wno-restrict -Wnon-virtual-dtor -fno-math-errno)
target_include_directories(moa_build_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/kernels/include)
if(MOA_WERROR)
  target_compile_options(moa_build_flags INTERFACE -Werror)
endif()
if(MOA_SANITIZE)
  target_compile_options(moa_build_flags INTERFACE -fsanitize=${MOA_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=undefined -Wno-maybe-uninitialized -O1 -g1) # line numbers, in half the time to build
  target_link_options(moa_build_flags INTERFACE -fsanitize=${MOA_SANITIZE})
endif()

# moa_module(<target> SOURCES <files> LINKS <targets>): one static library per folder of ARCHITECTURE.md.
function(moa_module target)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${target} STATIC ${ARG_SOURCES})
  target_link_libraries(${target} PUBLIC moa_build_flags ${ARG_LINKS})
endfunction()

# moa_test(<name> SOURCES <files> LINKS <targets> [LABELS unit|slow|gpu]): a GoogleTest program, one CTest entry.
function(moa_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE MOA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
