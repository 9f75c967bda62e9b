# SPDX-License-Identifier: Apache-2.0
# The target clang_libraries: the static archives of clang and LLVM that a compiler for eBPF needs, and nothing else.
# Not by find_package(Clang): its version file refuses "19" for 19.1, it considers every installed version, and its
# targets drag in libraries that are not needed here. GADGETKIT_LLVM_DIR is where LLVM is installed.
set(GADGETKIT_LLVM_DIR "/usr/lib/llvm-${GADGETKIT_LLVM_MAJOR}" CACHE PATH "Where LLVM is installed")

# Found by leaving out one archive after the other; the order does not matter, they link as one group.
set(clang_archives
    clangFrontend clangDriver clangSerialization clangCodeGen clangParse clangSema clangAnalysis clangEdit clangAPINotes
    clangASTMatchers clangSupport clangAST clangLex clangBasic
    LLVMOption LLVMFrontendHLSL LLVMFrontendDriver LLVMLTO LLVMCoverage LLVMObjCopy LLVMBPFAsmParser LLVMBPFCodeGen
    LLVMPasses LLVMIRPrinter LLVMHipStdPar LLVMCoroutines LLVMCFGuard LLVMipo LLVMInstrumentation LLVMVectorize LLVMLinker
    LLVMFrontendOpenMP LLVMFrontendOffloading LLVMGlobalISel LLVMSelectionDAG LLVMBPFDesc LLVMBPFInfo LLVMAsmPrinter
    LLVMCodeGen LLVMTarget LLVMScalarOpts LLVMInstCombine LLVMAggressiveInstCombine LLVMObjCARCOpts LLVMTransformUtils
    LLVMCodeGenTypes LLVMBitWriter LLVMAnalysis LLVMProfileData LLVMDebugInfoDWARF LLVMObject LLVMMCParser LLVMIRReader
    LLVMAsmParser LLVMMC LLVMDebugInfoCodeView LLVMBitReader LLVMCore LLVMRemarks LLVMBitstreamReader LLVMBinaryFormat
    LLVMTargetParser LLVMSupport LLVMDemangle)

set(clang_archive_files "")
foreach(name IN LISTS clang_archives)
    set(file "${GADGETKIT_LLVM_DIR}/lib/lib${name}.a")
    if(NOT EXISTS "${file}")
        message(FATAL_ERROR
            "the compiler driver needs ${file}: install llvm-${GADGETKIT_LLVM_MAJOR}-dev and "
            "libclang-${GADGETKIT_LLVM_MAJOR}-dev, or configure with -DGADGETKIT_WITH_BUILDER=OFF")
    endif()
    list(APPEND clang_archive_files "${file}")
endforeach()

# The linker of binutils takes seven times as long over these archives.
find_program(GADGETKIT_LLD NAMES ld.lld-${GADGETKIT_LLVM_MAJOR} ld.lld)
if(GADGETKIT_LLD AND GADGETKIT_LLD MATCHES "ld\\.lld-${GADGETKIT_LLVM_MAJOR}$" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(clang_linker "-fuse-ld=lld-${GADGETKIT_LLVM_MAJOR}")
elseif(GADGETKIT_LLD)
    set(clang_linker "-fuse-ld=lld")
    # g++ only knows "ld.lld": show it the versioned one under that name.
    set(clang_linker_dir "${CMAKE_BINARY_DIR}/linker")
    file(MAKE_DIRECTORY "${clang_linker_dir}")
    file(CREATE_LINK "${GADGETKIT_LLD}" "${clang_linker_dir}/ld.lld" SYMBOLIC)
    list(PREPEND clang_linker "-B${clang_linker_dir}")
else()
    message(STATUS "lld is not installed: linking the compiler takes longer")
    set(clang_linker "")
endif()

add_library(clang_libraries INTERFACE)
target_include_directories(clang_libraries SYSTEM INTERFACE "${GADGETKIT_LLVM_DIR}/include")
target_compile_definitions(clang_libraries INTERFACE __STDC_CONSTANT_MACROS __STDC_FORMAT_MACROS __STDC_LIMIT_MACROS)
target_link_libraries(clang_libraries INTERFACE
    -Wl,--start-group ${clang_archive_files} -Wl,--end-group archive_z archive_zstd Threads::Threads)
target_link_options(clang_libraries INTERFACE ${clang_linker})
