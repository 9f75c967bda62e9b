# SPDX-License-Identifier: Apache-2.0
# find_package(GadgetKit COMPONENTS session) gives the target GadgetKit::session.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/GadgetKitTargets.cmake")
foreach(component IN LISTS GadgetKit_FIND_COMPONENTS)
    if(NOT TARGET GadgetKit::${component})
        set(GadgetKit_FOUND FALSE)
        set(GadgetKit_NOT_FOUND_MESSAGE "GadgetKit has no component '${component}'")
    endif()
endforeach()
