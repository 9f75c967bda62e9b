# SPDX-License-Identifier: Apache-2.0
# The kernel tests for machines of the other architecture, in the tree that builds its gadget-run: kernel_tests_machine and
# run_kernel_tests.
# GoogleTest comes as source: the distribution has no package of the other architecture that could be installed here.
set(GADGETKIT_GTEST_SOURCE "/usr/src/googletest/googletest" CACHE PATH "Source of GoogleTest")
if(NOT EXISTS "${GADGETKIT_GTEST_SOURCE}/src/gtest-all.cc")
    return()
endif()
add_library(gtest_from_source STATIC EXCLUDE_FROM_ALL "${GADGETKIT_GTEST_SOURCE}/src/gtest-all.cc"
    "${GADGETKIT_GTEST_SOURCE}/src/gtest_main.cc")
target_include_directories(gtest_from_source SYSTEM
    PUBLIC "${GADGETKIT_GTEST_SOURCE}/include" PRIVATE "${GADGETKIT_GTEST_SOURCE}")
target_compile_features(gtest_from_source PUBLIC cxx_std_20)
add_library(GTest::gtest ALIAS gtest_from_source)
add_subdirectory("${PROJECT_SOURCE_DIR}/tests/kernel" "${PROJECT_BINARY_DIR}/tests/kernel")
add_subdirectory("${PROJECT_SOURCE_DIR}/tests/run" "${PROJECT_BINARY_DIR}/tests/run")
