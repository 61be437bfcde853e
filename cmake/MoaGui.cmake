# The workbench is built where Qt 6.4 with Widgets, Charts and Svg is there (MOA_GUI=AUTO), always (ON) or never (OFF).
set(MOA_GUI AUTO CACHE STRING "Build moa-workbench: AUTO, ON or OFF")
set_property(CACHE MOA_GUI PROPERTY STRINGS AUTO ON OFF)
set(MOA_HAS_GUI OFF)
if(NOT MOA_GUI STREQUAL "OFF")
  find_package(Qt6 6.4 QUIET COMPONENTS Widgets Charts Svg Test)
  if(Qt6_FOUND)
    set(MOA_HAS_GUI ON)
  elseif(MOA_GUI STREQUAL "ON")
    message(FATAL_ERROR "MOA_GUI=ON, but Qt 6.4 with Widgets, Charts, Svg and Test was not found "
      "(Debian: qt6-base-dev qt6-charts-dev libqt6opengl6-dev qt6-svg-dev)")
  else()
    message(STATUS "Qt 6.4 with Widgets, Charts, Svg not found: moa-workbench is left out")
  endif()
endif()

# moa_gui_module(<target> SOURCES <files> LINKS <targets>): moa_module with Qt's meta-object compiler. Nothing in the
# interface is hot but painting, which is Qt's: half the optimisation builds in half the time.
function(moa_gui_module target)
  moa_module(${target} ${ARGN})
  set_target_properties(${target} PROPERTIES AUTOMOC ON)
  target_compile_definitions(${target} PRIVATE QT_NO_CAST_FROM_ASCII QT_NO_FOREACH)
  target_compile_options(${target} PRIVATE -Wno-conversion)
endfunction()

# moa_gui_test(<name> SOURCES <files> LINKS <targets>): a Qt Test program, run on the off-screen platform.
function(moa_gui_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES AUTOMOC ON)
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} Qt6::Test)
  target_compile_definitions(${name} PRIVATE MOA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_compile_options(${name} PRIVATE -Wno-conversion)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS gui TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "QT_QPA_PLATFORM=offscreen;LANG=C.UTF-8;XDG_DATA_HOME=${CMAKE_BINARY_DIR}/test-data")
endfunction()
