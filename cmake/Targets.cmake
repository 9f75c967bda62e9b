# SPDX-License-Identifier: Apache-2.0
# How a library, an executable and a test of this project are made. Unknown arguments are fatal.
include(GoogleTest)

add_library(gadgetkit_build_flags INTERFACE)
target_compile_options(gadgetkit_build_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
    # Off, with reason: designated initialisers leave out members on purpose; g++ 12 sees phantoms
    # in std::optional and std::string (PR 105562, 105651).
    -Wno-missing-field-initializers $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-restrict>
    -fvisibility=hidden -ffunction-sections -fdata-sections
    $<$<BOOL:${GADGETKIT_WERROR}>:-Werror>)
target_link_options(gadgetkit_build_flags INTERFACE -Wl,--gc-sections)
if(GADGETKIT_SANITIZE)
    target_compile_options(gadgetkit_build_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(gadgetkit_build_flags INTERFACE -fsanitize=address,undefined)
endif()

function(_gadgetkit_reject_unknown prefix)
    if(${prefix}_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "unknown arguments: ${${prefix}_UNPARSED_ARGUMENTS}")
    endif()
endfunction()

# gadgetkit_add_library(NAME validator SOURCES ... [DEPENDS support model] [LINK third-party ...])
# The target is gadgetkit_<name>, its public headers stand in <folder>/include, private ones in <folder>/src.
function(gadgetkit_add_library)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;DEPENDS;LINK")
    _gadgetkit_reject_unknown(arg)
    set(target gadgetkit_${arg_NAME})
    add_library(${target} STATIC ${arg_SOURCES})
    add_library(GadgetKit::${arg_NAME} ALIAS ${target})
    target_include_directories(${target}
        PUBLIC "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>"
        PRIVATE src)
    list(TRANSFORM arg_DEPENDS PREPEND gadgetkit_ OUTPUT_VARIABLE depends)
    target_link_libraries(${target} PUBLIC ${depends} PRIVATE gadgetkit_build_flags ${arg_LINK})
    set_property(GLOBAL APPEND PROPERTY GADGETKIT_LIBRARIES ${arg_NAME})
    set_property(GLOBAL PROPERTY GADGETKIT_DEPENDS_${arg_NAME} ${arg_DEPENDS})
endfunction()

# gadgetkit_add_test(NAME validator_tests LABEL unit SOURCES ... [DEPENDS validator] [LINK ...] [INCLUDE dirs] [DEFINES A=b]
#                    [NO_MAIN] [TIMEOUT seconds])
# One executable, one ctest per gtest, named <label>.<Suite>.<Test>. NO_MAIN: the sources bring their own main().
function(gadgetkit_add_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "NO_MAIN" "NAME;LABEL;TIMEOUT" "SOURCES;DEPENDS;LINK;INCLUDE;DEFINES")
    _gadgetkit_reject_unknown(arg)
    if(NOT GADGETKIT_TESTS)
        return()
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    add_executable(${arg_NAME} ${arg_SOURCES})
    list(TRANSFORM arg_DEPENDS PREPEND gadgetkit_ OUTPUT_VARIABLE depends)
    target_include_directories(${arg_NAME} PRIVATE ${arg_INCLUDE})
    target_compile_definitions(${arg_NAME} PRIVATE ${arg_DEFINES})
    target_link_libraries(${arg_NAME} PRIVATE gadgetkit_build_flags ${depends} ${arg_LINK}
        $<IF:$<BOOL:${arg_NO_MAIN}>,GTest::gtest,GTest::gtest_main>)
    # Probes on functions of an executable fire in every process of it: its tests wait for each other.
    set(alone)
    if(arg_LABEL STREQUAL "kernel")
        set(alone RESOURCE_LOCK ${arg_NAME})
    endif()
    gtest_discover_tests(${arg_NAME}
        TEST_PREFIX "${arg_LABEL}."
        DISCOVERY_MODE PRE_TEST
        DISCOVERY_TIMEOUT 60
        PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT} ${alone})
endfunction()

# gadgetkit_prefer_size(cli packager): libraries that no hot path crosses are compiled for size in releases: gadget-run travels to
# many machines and must stay small.
function(gadgetkit_prefer_size)
    foreach(library IN LISTS ARGN)
        target_compile_options(gadgetkit_${library} PRIVATE $<$<CONFIG:Release>:-Os>)
    endforeach()
endfunction()

# gadgetkit_prefer_speed(validator src/inspect.cpp ...): sources of such a library that a hot path does cross. Called where the
# library is made.
function(gadgetkit_prefer_speed library)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O2>")
endfunction()
