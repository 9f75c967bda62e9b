// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kernel_checks.h"

namespace gadget::cli {
namespace {

using validator::KernelCell;
using validator::KernelReason;
using validator::KernelRow;
using validator::KernelVerdict;

KernelTable sample() {
    const KernelReason missing{.id = "kernel-target", .message = "function 'x' does not exist"};
    const KernelReason open{.id = "", .verdict = KernelVerdict::unknown, .message = "not known"};
    KernelTable table;
    table.rows.push_back(
        {.kernel = "5.10/amd64",
         .release = "5.10.0",
         .object = {},
         .programs = {{.program = "first", .reasons = {missing}}, {.program = "other", .reasons = {}}}});
    table.rows.push_back(
        {.kernel = "6.1/arm64",
         .release = "6.1.0",
         .object = {},
         .programs = {{.program = "first", .reasons = {missing}}, {.program = "other", .reasons = {open}}}});
    return table;
}

TEST(KernelTable, ShowsProgramsByKernelAndEachReasonOnce) {
    EXPECT_EQ(kernel_table_text(sample()),
              "PROGRAM  5.10/amd64  6.1/arm64\n"
              "first    fails       fails\n"
              "other    ok          unknown\n"
              "\n"
              "first fails: function 'x' does not exist [5.10/amd64 and 6.1/arm64]\n"
              "other unknown: not known [6.1/arm64]\n");
}

TEST(KernelTable, WhatFailsTheObjectFailsItsPrograms) {
    auto table = sample();
    table.rows.resize(1);
    table.rows[0].object.push_back({.id = "kernel-map-type", .message = "no such maps"});
    EXPECT_NE(kernel_table_text(table).find("other    fails\n"), std::string::npos);
    EXPECT_NE(kernel_table_text(table).find("(object) fails: no such maps [5.10/amd64]\n"),
              std::string::npos);
}

TEST(KernelTable, NothingAskedForIsNothingShown) {
    EXPECT_EQ(kernel_table_text({}), "");
}

TEST(KernelTable, IsAMemberBesideTheFindings) {
    const auto json = nlohmann::json::parse(add_kernel_table("{\"version\":1,\"findings\":[]}\n", sample()));
    EXPECT_EQ(json["version"], 1);
    EXPECT_TRUE(json["findings"].empty());
    EXPECT_EQ(json["kernels"]["version"], 1);
    const auto& row = json["kernels"]["rows"][1];
    EXPECT_EQ(row["kernel"], "6.1/arm64");
    EXPECT_EQ(row["verdict"], "fails");
    EXPECT_EQ(row["programs"][0]["reasons"][0]["id"], "kernel-target");
    EXPECT_EQ(row["programs"][1]["verdict"], "unknown");
    EXPECT_TRUE(row["programs"][1]["reasons"][0]["id"].is_null());
}

}  // namespace
}  // namespace gadget::cli
