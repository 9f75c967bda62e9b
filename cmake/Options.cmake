# SPDX-License-Identifier: Apache-2.0
# Everything that a user may set when configuring, in one place.
option(GADGETKIT_WITH_BUILDER "Build the compiler driver (needs the LLVM development packages)" ON)
option(GADGETKIT_STATIC "Link the executables static" OFF)
option(GADGETKIT_WERROR "Treat warnings as errors" ON)
option(GADGETKIT_SANITIZE "Address and undefined behaviour sanitizers" OFF)
option(GADGETKIT_TESTS "Build the tests" ON)
option(GADGETKIT_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
set(GADGETKIT_LLVM_MAJOR 19 CACHE STRING "Major version of the LLVM libraries")
set(GADGETKIT_VERSION "${PROJECT_VERSION}")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

# The sources are small and many: a compiler cache makes a clean rebuild a matter of seconds.
find_program(GADGETKIT_CCACHE ccache)
if(GADGETKIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER "${GADGETKIT_CCACHE}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${GADGETKIT_CCACHE}")
endif()

# Objects of the libraries must not name the folder they were built in.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")

# One clang translation unit takes more than a gigabyte; two at once would starve small machines.
set_property(GLOBAL PROPERTY JOB_POOLS clang_compile=1 llvm_link=1)
