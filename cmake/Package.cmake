# SPDX-License-Identifier: Apache-2.0
# The CMake package GadgetKit. Each component of the installation brings it along, with the file of its library; several may be
# installed to the same place.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(GADGETKIT_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/GadgetKit")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/GadgetKitConfig.cmake.in" "${PROJECT_BINARY_DIR}/GadgetKitConfig.cmake"
    INSTALL_DESTINATION "${GADGETKIT_PACKAGE_DIR}" PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/GadgetKitConfigVersion.cmake" COMPATIBILITY SameMinorVersion)

# gadgetkit_install_package(COMPONENT runtime_min [LIBRARIES runtime_min]): the package, as a part of an installation
# component, with GadgetKit-<library>.cmake.
function(gadgetkit_install_package)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "COMPONENT" "LIBRARIES")
    _gadgetkit_reject_unknown(arg)
    list(TRANSFORM arg_LIBRARIES REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/cmake/package/GadgetKit-\\1.cmake")
    install(FILES "${PROJECT_BINARY_DIR}/GadgetKitConfig.cmake" "${PROJECT_BINARY_DIR}/GadgetKitConfigVersion.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/GadgetKitFunctions.cmake" ${arg_LIBRARIES}
        DESTINATION "${GADGETKIT_PACKAGE_DIR}" COMPONENT ${arg_COMPONENT})
endfunction()

# gadgetkit_add_archive(testkit support model): libgadgetkit-testkit.a, one archive of several of our libraries.
function(gadgetkit_add_archive name)
    string(REPLACE "_" "-" output "gadgetkit-${name}")
    set(objects)
    foreach(library IN ITEMS ${name} LISTS ARGN)
        list(APPEND objects $<TARGET_OBJECTS:gadgetkit_${library}>)
    endforeach()
    add_library(gadgetkit_${name}_archive STATIC ${objects})
    set_target_properties(gadgetkit_${name}_archive PROPERTIES OUTPUT_NAME "${output}" LINKER_LANGUAGE CXX)
endfunction()
