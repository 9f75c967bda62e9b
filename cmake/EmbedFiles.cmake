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

# gadgetkit_embed_texts(TARGET gadgetkit_templates FOLDER files PATTERN * HEADER embedded.h FUNCTION gadget::templates::files)
# Compiles the text files below FOLDER into TARGET: FUNCTION, declared in HEADER, gives out a std::span<const
# gadget::EmbeddedText>, sorted by name. Files that change, appear or go are embedded again.
function(gadgetkit_embed_texts)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;FOLDER;PATTERN;HEADER;FUNCTION" "")
    _gadgetkit_reject_unknown(arg)
    get_filename_component(folder "${arg_FOLDER}" ABSOLUTE)
    file(GLOB_RECURSE names CONFIGURE_DEPENDS RELATIVE "${folder}" "${folder}/${arg_PATTERN}")
    list(SORT names)
    set(table "")
    foreach(name IN LISTS names)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${folder}/${name}")
        file(READ "${folder}/${name}" text)
        string(APPEND table "    {\"${name}\", R\"embedded(${text})embedded\"},\n")
    endforeach()
    set(file "${CMAKE_CURRENT_BINARY_DIR}/embedded/${arg_TARGET}.cpp")
    file(CONFIGURE OUTPUT "${file}" @ONLY CONTENT
"// Made from the files below ${arg_FOLDER}: change those.
#include \"${arg_HEADER}\"

namespace {
constexpr gadget::EmbeddedText kTexts[] = {
@table@};
}  // namespace

std::span<const gadget::EmbeddedText> ${arg_FUNCTION}() {
    return kTexts;
}
")
    target_sources(${arg_TARGET} PRIVATE "${file}")
endfunction()
