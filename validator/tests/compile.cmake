# SPDX-License-Identifier: Apache-2.0
# Objects for tests are compiled with the build, from source, with the compiler that gadgets are built with.
find_program(GADGETKIT_BPF_CLANG NAMES clang-${GADGETKIT_LLVM_MAJOR} REQUIRED
    DOC "Compiles the eBPF objects that tests read")

# gadgetkit_bpf_object(<object> <source> [flags...]): compiles as the builder does, the gadget's folder being /gadget.
function(gadgetkit_bpf_object object source)
    get_filename_component(folder "${source}" DIRECTORY)
    get_filename_component(name "${source}" NAME)
    get_filename_component(out "${object}" DIRECTORY)
    file(MAKE_DIRECTORY "${out}")
    set(multiarch "/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}")
    add_custom_command(OUTPUT "${object}"
        COMMAND "${GADGETKIT_BPF_CLANG}" -target bpf -g -O2 -mcpu=v3 -Wall -Wno-address-of-packed-member
                -fdebug-compilation-dir=/gadget -D__TARGET_ARCH_x86
                -I "${PROJECT_SOURCE_DIR}/bpf-api/include" -idirafter "${multiarch}" ${ARGN}
                -MD -MF "${object}.d" -MT "${object}" -c "${name}" -o "${object}"
        WORKING_DIRECTORY "${folder}"
        DEPENDS "${source}"
        DEPFILE "${object}.d"
        COMMENT "Compiling ${object}"
        VERBATIM)
endfunction()
