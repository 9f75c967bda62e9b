# SPDX-License-Identifier: Apache-2.0
find_package(GadgetKit REQUIRED COMPONENTS no_such_part)
