# SPDX-License-Identifier: Apache-2.0
# Gadgets in a CMake project, in C++ or in no language at all. Both functions run the tool GadgetKit::gadget, which
# find_package(GadgetKit) brings along.

set(_GADGET_KERNELS 5.10 6.1 6.12 7.3)

function(_gadget_need_tool caller)
    if(NOT TARGET GadgetKit::gadget)
        message(FATAL_ERROR "${caller}: the tool 'gadget' is not there: install GadgetKit's component 'tools'")
    endif()
endfunction()

# gadget_add_image(<target> FOLDER <folder> [REF <name[:tag]>] [ARCHS amd64 arm64] [BUILD_FILE <build.yaml>]
#                  [INCLUDES <folder>...] [DEFINES <NAME[=VALUE]>...] [STRICT])
# Builds the gadget in FOLDER with 'all': <target>/image.oci.tar and an object for each architecture, in the current binary
# folder. It is built again when one of its sources or headers changes. REF also names the image in a store of the build tree,
# gadget-store. Properties of the target: GADGET_IMAGE, GADGET_FOLDER, GADGET_REF, GADGET_OBJECT_<arch>.
function(gadget_add_image target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "STRICT" "FOLDER;REF;BUILD_FILE" "ARCHS;INCLUDES;DEFINES")
    if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES OR NOT arg_FOLDER)
        message(FATAL_ERROR "gadget_add_image(${target}): FOLDER is missing, or not understood: "
            "${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}")
    endif()
    _gadget_need_tool("gadget_add_image(${target})")
    if(NOT arg_ARCHS)
        set(arg_ARCHS amd64 arm64)
    endif()
    cmake_path(ABSOLUTE_PATH arg_FOLDER NORMALIZE OUTPUT_VARIABLE folder)
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${target}")
    list(JOIN arg_ARCHS "," archs)
    set(arguments build "${folder}" --arch ${archs} -o "${output}" --depfile "${output}/image.d")
    if(arg_REF)
        list(APPEND arguments -t "${arg_REF}")
    endif()
    if(arg_BUILD_FILE)
        cmake_path(ABSOLUTE_PATH arg_BUILD_FILE NORMALIZE OUTPUT_VARIABLE build_file)
        list(APPEND arguments -f "${build_file}")
    endif()
    if(arg_STRICT)
        list(APPEND arguments --strict)
    endif()
    foreach(include IN LISTS arg_INCLUDES)
        cmake_path(ABSOLUTE_PATH include NORMALIZE)
        list(APPEND arguments -I "${include}")
    endforeach()
    foreach(define IN LISTS arg_DEFINES)
        list(APPEND arguments -D "${define}")
    endforeach()
    list(TRANSFORM arg_ARCHS REPLACE "(.+)" "${output}/\\1.bpf.o" OUTPUT_VARIABLE objects)
    # A tool that is built here is a target like others; an installed one is not.
    get_target_property(tool GadgetKit::gadget ALIASED_TARGET)
    if(NOT tool)
        set(tool)
    endif()
    add_custom_command(OUTPUT "${output}/image.oci.tar"
        BYPRODUCTS ${objects}
        COMMAND "${CMAKE_COMMAND}" -E env "GADGET_STORE=${CMAKE_BINARY_DIR}/gadget-store"
                "$<TARGET_FILE:GadgetKit::gadget>" ${arguments}
        DEPENDS ${tool}
        DEPFILE "${output}/image.d"
        COMMENT "Building the gadget ${target}"
        VERBATIM)
    add_custom_target(${target} ALL DEPENDS "${output}/image.oci.tar")
    set_target_properties(${target} PROPERTIES
        GADGET_IMAGE "${output}/image.oci.tar" GADGET_FOLDER "${folder}" GADGET_REF "${arg_REF}")
    foreach(arch object IN ZIP_LISTS arg_ARCHS objects)
        set_target_properties(${target} PROPERTIES GADGET_OBJECT_${arch} "${object}")
    endforeach()
endfunction()

# gadget_add_test(<name> IMAGE <target>|FOLDER <folder> [PROGRAM <target or file> [ARGUMENTS <word>...]]
#                 [KERNELS host 5.10 ...] [ARCHS amd64 arm64] [LABELS <label>...] [TIMEOUT <seconds>])
# One test of CTest for each kernel and architecture, called <name>.<kernel>.<arch>, with the labels gadget, kernel-<kernel> and
# arch-<arch>: `ctest -L kernel-6.12`. It runs the scenarios in the test/ of the gadget's folder; or PROGRAM, inside each kernel,
# with the gadget of IMAGE (gadget/testkit/gtest.h). KERNELS: default host and one kernel of each series; ARCHS: default the
# architecture of this machine. 'host' is only tested for that one. A test for which the machine lacks something is skipped.
function(gadget_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "IMAGE;FOLDER;PROGRAM;TIMEOUT" "ARGUMENTS;KERNELS;ARCHS;LABELS")
    if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES OR NOT (arg_IMAGE OR arg_FOLDER))
        message(FATAL_ERROR "gadget_add_test(${name}): IMAGE or FOLDER is missing, or not understood: "
            "${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}")
    endif()
    _gadget_need_tool("gadget_add_test(${name})")
    if(CMAKE_HOST_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
        set(host_arch arm64)
    else()
        set(host_arch amd64)
    endif()
    if(NOT arg_KERNELS)
        set(arg_KERNELS host ${_GADGET_KERNELS})
    endif()
    if(NOT arg_ARCHS)
        set(arg_ARCHS ${host_arch})
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 900)
    endif()
    if(arg_FOLDER)
        cmake_path(ABSOLUTE_PATH arg_FOLDER NORMALIZE OUTPUT_VARIABLE subject)
    elseif(arg_PROGRAM)
        get_target_property(subject ${arg_IMAGE} GADGET_IMAGE)
    else()
        get_target_property(subject ${arg_IMAGE} GADGET_FOLDER)
    endif()
    if(NOT subject)
        message(FATAL_ERROR "gadget_add_test(${name}): ${arg_IMAGE} was not made by gadget_add_image()")
    endif()
    set(arguments)
    if(TARGET "${arg_PROGRAM}")
        list(APPEND arguments --exec "$<TARGET_FILE:${arg_PROGRAM}>")
    elseif(arg_PROGRAM)
        cmake_path(ABSOLUTE_PATH arg_PROGRAM NORMALIZE OUTPUT_VARIABLE program)
        list(APPEND arguments --exec "${program}")
    endif()
    foreach(argument IN LISTS arg_ARGUMENTS)
        list(APPEND arguments "--arg=${argument}")
    endforeach()
    foreach(kernel IN LISTS arg_KERNELS)
        foreach(arch IN LISTS arg_ARCHS)
            if(kernel STREQUAL "host" AND NOT arch STREQUAL host_arch)
                continue()
            endif()
            set(test "${name}.${kernel}.${arch}")
            add_test(NAME "${test}"
                COMMAND GadgetKit::gadget test "${subject}" --kernel ${kernel} --arch ${arch} ${arguments})
            set_tests_properties("${test}" PROPERTIES LABELS "gadget;kernel-${kernel};arch-${arch};${arg_LABELS}"
                TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 3)
        endforeach()
    endforeach()
endfunction()
