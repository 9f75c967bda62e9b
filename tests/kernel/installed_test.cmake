# SPDX-License-Identifier: Apache-2.0
# cmake -DBUILD=... -DSOURCE=... -DCOMPILER=... -P installed_test.cmake: installs the library into a folder of its own,
# builds the example of docs/ on it, once with CMake and once with pkg-config, and runs it where that is possible.
function(run)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
        list(JOIN ARGV " " command)
        message(FATAL_ERROR "${command}\nended with ${status}:\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

set(work "${BUILD}/installed")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")
set(example "${SOURCE}/docs/examples/opens")
run("${CMAKE_COMMAND}" --install "${BUILD}" --component runtime_min --prefix "${work}/root")
run("${CMAKE_COMMAND}" -S "${example}" -B "${work}/example" "-DCMAKE_PREFIX_PATH=${work}/root" "-DCMAKE_CXX_COMPILER=${COMPILER}")
run("${CMAKE_COMMAND}" --build "${work}/example")

# Nothing but what is promised is linked.
run(ldd "${work}/example/opens")
foreach(library IN ITEMS yaml fmt LLVM clang crypto zstd)
    if(output MATCHES "lib${library}")
        message(FATAL_ERROR "the example links lib${library}:\n${output}")
    endif()
endforeach()

execute_process(COMMAND "${CMAKE_COMMAND}" -S "${example}" -B "${work}/unknown" "-DCMAKE_PREFIX_PATH=${work}/root"
    "-DCMAKE_PROJECT_INCLUDE=${CMAKE_CURRENT_LIST_DIR}/installed_unknown.cmake"
    RESULT_VARIABLE status ERROR_VARIABLE output OUTPUT_QUIET)
if(status EQUAL 0 OR NOT output MATCHES "there is no component")
    message(FATAL_ERROR "a component that does not exist is found:\n${output}")
endif()

find_program(PKG_CONFIG pkg-config)
if(PKG_CONFIG)
    file(GLOB_RECURSE pc "${work}/root/*.pc")
    get_filename_component(folder "${pc}" DIRECTORY)
    set(ENV{PKG_CONFIG_PATH} "${folder}")
    run("${PKG_CONFIG}" --cflags --libs gadgetkit-runtime-min)
    separate_arguments(flags UNIX_COMMAND "${output}")
    run("${COMPILER}" "${example}/opens.cpp" -o "${work}/by-pkg-config" ${flags})
else()
    message(STATUS "missing: pkg-config")
endif()

execute_process(COMMAND id -u OUTPUT_VARIABLE user OUTPUT_STRIP_TRAILING_WHITESPACE)
if(user EQUAL 0)
    run("${work}/example/opens" "${work}/example/opens.bpf.o" 1)
    message(STATUS "the example ran: ${output}")
endif()
