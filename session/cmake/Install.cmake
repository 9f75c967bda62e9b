# SPDX-License-Identifier: Apache-2.0
# The session library for other programs: headers, archives, a CMake package and a pkg-config file.
#   cmake --install BUILD --component library --prefix DIR
set(session_libraries session packager validator runtime_min events model support)
set(session_archives archive_bpf archive_crypto archive_elf archive_yaml archive_z archive_zstd)

function(gadgetkit_install_session)
    foreach(library IN LISTS session_libraries)
        # The parts have names of their own: a project may also ask for the component runtime_min.
        set_target_properties(gadgetkit_${library} PROPERTIES EXPORT_NAME session_${library})
        get_target_property(folder gadgetkit_${library} SOURCE_DIR)
        install(DIRECTORY "${folder}/include/" DESTINATION include COMPONENT library)
    endforeach()
    set_target_properties(gadgetkit_session PROPERTIES EXPORT_NAME session)
    list(TRANSFORM session_libraries PREPEND gadgetkit_ OUTPUT_VARIABLE targets)
    install(TARGETS ${targets} ${session_archives} archive_fmt gadgetkit_build_flags EXPORT GadgetKitTargets
        ARCHIVE DESTINATION lib COMPONENT library)
    install(EXPORT GadgetKitTargets NAMESPACE GadgetKit:: DESTINATION "${GADGETKIT_PACKAGE_DIR}" COMPONENT library)
    gadgetkit_install_package(COMPONENT library LIBRARIES session)
    configure_file(cmake/gadgetkit-session.pc.in gadgetkit-session.pc @ONLY)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/gadgetkit-session.pc"
        DESTINATION lib/pkgconfig COMPONENT library)
endfunction()
