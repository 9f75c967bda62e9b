// SPDX-License-Identifier: Apache-2.0
// From an errno of the kernel to an Error that says what is missing.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gadget/model/section_table.h"
#include "gadget/support/result.h"
#include "verifier_log.h"

namespace gadget::runtime {

/// True when this process holds the capability in its effective set (CAP_* number).
[[nodiscard]] bool has_capability(int capability);
/// True when bpf(2) is not refused for want of a capability: CAP_BPF or CAP_SYS_ADMIN.
[[nodiscard]] bool may_use_bpf();

/// The feature of the kernel that an attach kind stands on: {"kprobes", "CONFIG_KPROBES"}.
[[nodiscard]] Requirement requirement_of(model::AttachKind kind);

/// What such a program takes and this process does not hold: "CAP_BPF and CAP_PERFMON"; empty: nothing.
/// Without a kind: as for tracing.
[[nodiscard]] std::string missing_capabilities(std::optional<model::AttachKind> kind);

/// Permission error of `what`: `permission_denied` with the capabilities that are missing, else
/// `unsupported` with `feature`: the kernel's policy refuses it even so.
[[nodiscard]] Error permission_error(const std::string& what, const Requirement& feature,
                                     std::optional<model::AttachKind> kind = std::nullopt);

/// The same of a section: sessions are younger than their kind.
[[nodiscard]] Requirement requirement_of(const model::SectionKind& section);

/// A program that the kernel did not take. `error` positive. `object` is where its source lines are looked
/// up.
[[nodiscard]] Error refusal_error(const Refusal& refusal, const std::optional<model::SectionName>& section,
                                  std::span<const std::byte> object = {});

/// An attachment that failed with errno `error` (either sign).
[[nodiscard]] Error attach_error(int error, const std::string& what, const Requirement& feature,
                                 std::optional<model::AttachKind> kind = std::nullopt);
[[nodiscard]] Error attach_error(int error, const std::string& what, model::AttachKind kind);

}  // namespace gadget::runtime
