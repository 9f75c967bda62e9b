# SPDX-License-Identifier: Apache-2.0
# gadgetkit_embed_headers(TARGET gadgetkit_builder NAME api ITEMS "=folder" "bpf/x.h=/usr/include/bpf/x.h" ...)
# Packs headers at build time into a compressed archive between the symbols gadgetkit_<NAME>_begin and _end of TARGET.
# The items are those of builder/tools/pack_headers.cpp. Headers that change, appear or go are packed again.
function(gadgetkit_embed_headers)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;NAME" "ITEMS")
    _gadgetkit_reject_unknown(arg)
    set(base "${CMAKE_CURRENT_BINARY_DIR}/embedded/${arg_NAME}")
    file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/embedded")
    add_custom_command(
        OUTPUT "${base}.S" "${base}.gkar"
        COMMAND pack_headers "${arg_NAME}" "${base}" ${arg_ITEMS}
        DEPENDS pack_headers
        DEPFILE "${base}.d"
        COMMENT "Packing ${arg_NAME} headers"
        VERBATIM)
    target_sources(${arg_TARGET} PRIVATE "${base}.S")
    set_source_files_properties("${base}.S" PROPERTIES OBJECT_DEPENDS "${base}.gkar")
endfunction()
