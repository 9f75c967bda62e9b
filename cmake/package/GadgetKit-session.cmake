# SPDX-License-Identifier: Apache-2.0
# GadgetKit::session: a gadget in a program, from an image to its rows.
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/GadgetKitTargets.cmake")
