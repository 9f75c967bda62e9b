# SPDX-License-Identifier: Apache-2.0
# GadgetKit::testkit_gtest: <gadget/testkit/gtest.h>. Of the archive only the part that runs a gadget is linked, which needs no
# other library; a test program that travels into test machines stays small.
find_package(GTest CONFIG QUIET)
if(TARGET GTest::gmock)
    _gadgetkit_archive(testkit_gtest libgadgetkit-testkit.a TARGETS GTest::gmock)
else()
    list(APPEND _gadgetkit_missing "Google Test and Google Mock (packages libgtest-dev and libgmock-dev)")
endif()
