# SPDX-License-Identifier: Apache-2.0
# The kernel tests for the machines of another architecture, in a tree that is configured without tests:
#   cmake -DGADGETKIT_TESTS=OFF -DCMAKE_TOOLCHAIN_FILE=cmake/cross/toolchain.cmake ... \
#         -DCMAKE_PROJECT_GadgetKit_INCLUDE=tests/kernel/cross.cmake
# GoogleTest comes as source: the distribution has no package of the other architecture that could be installed here.
set(GADGETKIT_GTEST_SOURCE "/usr/src/googletest/googletest" CACHE PATH "Source of GoogleTest")
set(CMAKE_CXX_STANDARD 20)
add_library(gtest_from_source STATIC EXCLUDE_FROM_ALL "${GADGETKIT_GTEST_SOURCE}/src/gtest-all.cc")
target_include_directories(gtest_from_source SYSTEM
    PUBLIC "${GADGETKIT_GTEST_SOURCE}/include" PRIVATE "${GADGETKIT_GTEST_SOURCE}")
add_library(GTest::gtest ALIAS gtest_from_source)
cmake_language(DEFER CALL add_subdirectory tests/kernel)
