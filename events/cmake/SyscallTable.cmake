# SPDX-License-Identifier: Apache-2.0
# The names of the system calls, taken from the kernel's UAPI headers when configuring: <asm/unistd_64.h> of x86 for
# amd64, <asm-generic/unistd.h> for arm64. Both come with linux-libc-dev or its cross variant.

# Appends "{number, "name"}," lines of one header to the variable `out`.
function(_gadgetkit_read_syscalls header out)
    file(STRINGS "${header}" lines REGEX "^[ \t]*#[ \t]*(if|else|endif|define[ \t]+__NR)")
    set(rows "")
    set(seen "")
    set(skip_depth 0)
    foreach(line IN LISTS lines)
        # Calls that exist for 32-bit programs only stand in a block of their own.
        if(skip_depth GREATER 0)
            if(line MATCHES "#[ \t]*if")
                math(EXPR skip_depth "${skip_depth} + 1")
            elseif(line MATCHES "#[ \t]*endif")
                math(EXPR skip_depth "${skip_depth} - 1")
            endif()
            continue()
        endif()
        if(line MATCHES "#[ \t]*if .*__SYSCALL_COMPAT\\) \\|\\| __BITS_PER_LONG == 32")
            set(skip_depth 1)
        elseif(line MATCHES "define[ \t]+__NR_(syscalls|arch_specific_syscall|sync_file_range2)[ \t]")
            continue()
        elseif(line MATCHES "define[ \t]+__NR3264_([a-z0-9_]+)[ \t]+([0-9]+)")
            # The number only: the name for 64-bit programs follows as an alias.
            set(number_of_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
        elseif(line MATCHES "define[ \t]+__NR_([a-z0-9_]+)[ \t]+__NR3264_([a-z0-9_]+)")
            set(number "${number_of_${CMAKE_MATCH_2}}")
            set(name "${CMAKE_MATCH_1}")
            if(NOT number STREQUAL "" AND NOT number IN_LIST seen)
                list(APPEND seen ${number})
                string(TOUPPER "${name}" name)
                string(APPEND rows "    {${number}, \"SYS_${name}\"},\n")
            endif()
        elseif(line MATCHES "define[ \t]+__NR_([a-z0-9_]+)[ \t]+([0-9]+)")
            if(NOT CMAKE_MATCH_2 IN_LIST seen)
                list(APPEND seen ${CMAKE_MATCH_2})
                string(TOUPPER "${CMAKE_MATCH_1}" name)
                string(APPEND rows "    {${CMAKE_MATCH_2}, \"SYS_${name}\"},\n")
            endif()
        endif()
    endforeach()
    set(${out} "${rows}" PARENT_SCOPE)
endfunction()

function(gadgetkit_generate_syscall_table output)
    find_file(GADGETKIT_UNISTD_AMD64 NAMES asm/unistd_64.h
        PATHS /usr/include/x86_64-linux-gnu /usr/x86_64-linux-gnu/include /usr/include NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
    find_file(GADGETKIT_UNISTD_ARM64 NAMES asm-generic/unistd.h
        PATHS /usr/include /usr/aarch64-linux-gnu/include NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
    foreach(arch IN ITEMS AMD64 ARM64)
        if(NOT GADGETKIT_UNISTD_${arch})
            message(FATAL_ERROR "the kernel's system call header for ${arch} is missing: install linux-libc-dev "
                                "(and linux-libc-dev-amd64-cross on arm64)")
        endif()
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${GADGETKIT_UNISTD_${arch}}")
    endforeach()
    _gadgetkit_read_syscalls("${GADGETKIT_UNISTD_AMD64}" amd64)
    _gadgetkit_read_syscalls("${GADGETKIT_UNISTD_ARM64}" arm64)
    file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT
"// Generated from the kernel's UAPI headers when configuring.
constexpr Name kSyscallsAmd64[] = {
@amd64@};
constexpr Name kSyscallsArm64[] = {
@arm64@};
")
endfunction()
