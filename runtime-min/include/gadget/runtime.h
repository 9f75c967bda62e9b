// SPDX-License-Identifier: Apache-2.0
// runtime-min: the whole life of eBPF programs and maps - load, attach, read, pause, stop - behind one
// declarative Manager.
//
//     gadget::runtime::ManagerSpec spec;
//     spec.name = "opens";
//     spec.object = gadget::runtime::ObjectFile{"opens.bpf.o"};
//     spec.ring_buffers.push_back({.map = "events", .on_record = [](std::span<const std::byte> record) {
//     use(record); }}); GADGET_TRY_ASSIGN(auto manager, gadget::runtime::Manager::create(std::move(spec)));
//     GADGET_TRY(manager.init());
//     GADGET_TRY(manager.start());
//     while (!cancel.requested()) GADGET_TRY(manager.poll(std::chrono::seconds(1), cancel));
#pragma once

#include "gadget/runtime/manager.h"
#include "gadget/runtime/object_lines.h"
#include "gadget/runtime/selector.h"
#include "gadget/runtime/spec.h"
#include "gadget/runtime/values.h"
