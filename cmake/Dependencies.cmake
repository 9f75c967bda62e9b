# SPDX-License-Identifier: Apache-2.0
# Third-party packages, all from the distribution. The libraries link them PRIVATE and static: the executables
# then run on machines where nothing is installed.
find_package(Threads REQUIRED)

# An interface target for one static archive of the system, e.g. gadgetkit_archive(zstd zstd).
function(gadgetkit_archive name)
    find_library(GADGETKIT_ARCHIVE_${name} NAMES "lib${ARGV1}.a" REQUIRED)
    add_library(archive_${name} INTERFACE)
    target_link_libraries(archive_${name} INTERFACE "${GADGETKIT_ARCHIVE_${name}}")
endfunction()

gadgetkit_archive(yaml yaml-cpp)
gadgetkit_archive(z z)
gadgetkit_archive(zstd zstd)
gadgetkit_archive(elf elf)
gadgetkit_archive(bpf bpf)
gadgetkit_archive(crypto crypto)
# fmt has no static archive in the distribution, and used as headers it takes most of the time of a compilation.
add_library(archive_fmt STATIC cmake/fmt/fmt.cpp)

target_link_libraries(archive_elf INTERFACE archive_z)
# CMake keeps no order between files: what libbpf needs comes once more after it.
target_link_libraries(archive_bpf INTERFACE archive_elf archive_z
    "-Wl,--start-group,${GADGETKIT_ARCHIVE_bpf},${GADGETKIT_ARCHIVE_elf},${GADGETKIT_ARCHIVE_z},--end-group")
target_link_libraries(archive_crypto INTERFACE Threads::Threads ${CMAKE_DL_LIBS})

if(GADGETKIT_TESTS)
    find_package(GTest REQUIRED)
endif()

# Loads libcurl when it runs, so not when compiling for another architecture, whose libraries are archives.
set(GADGETKIT_WITH_REGISTRY OFF)
if(NOT CMAKE_CROSSCOMPILING)
    find_package(CURL 7.85)
    if(CURL_FOUND)
        set(GADGETKIT_WITH_REGISTRY ON)
    else()
        message(STATUS "libcurl is not installed: gadget-registry is not built")
    endif()
endif()
