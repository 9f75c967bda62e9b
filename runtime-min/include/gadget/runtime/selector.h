// SPDX-License-Identifier: Apache-2.0
// Who a probe is, and which probes have to run.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::runtime {

/// A probe is one attachment of one program. `uid` tells several attachments of the same program apart.
struct ProbeId {
    std::string program;  ///< C function name in the object
    std::string uid{};    ///< free text, often empty

    friend auto operator<=>(const ProbeId&, const ProbeId&) = default;
};

/// "on_open", or "on_open#uid".
[[nodiscard]] std::string to_string(const ProbeId& id);

/// A condition over probes that start() has to satisfy. A value: build it with the functions below.
///   probe(id)         that probe runs
///   all_of({...})     every child holds; empty: holds
///   one_of({...})     at least one child holds (all are tried); empty: does not hold
///   best_effort({...})  holds always; what fails is kept as a reason
struct Selector {
    enum class Kind : std::uint8_t { probe, all_of, one_of, best_effort };

    Kind kind = Kind::all_of;
    ProbeId id{};                      ///< for Kind::probe
    std::vector<Selector> children{};  ///< for the others

    [[nodiscard]] static Selector probe(ProbeId id);
    [[nodiscard]] static Selector all_of(std::vector<Selector> children);
    [[nodiscard]] static Selector one_of(std::vector<Selector> children);
    [[nodiscard]] static Selector best_effort(std::vector<Selector> children);

    friend bool operator==(const Selector&, const Selector&) = default;
};

/// Every probe that the selector names, in order, without repetitions.
[[nodiscard]] std::vector<ProbeId> selected_probes(const Selector& selector);

/// Replaces `from` by `to` at every depth.
void rename_probe(Selector& selector, const ProbeId& from, const ProbeId& to);

/// "all of (a, one of (b, c))".
[[nodiscard]] std::string to_string(const Selector& selector);

/// Why a probe does not run, or success when it does.
using ProbeVerdict = std::function<Result<void>(const ProbeId& id)>;

/// Success when the selector holds; otherwise one error that lists everything that failed.
[[nodiscard]] Result<void> evaluate(const Selector& selector, const ProbeVerdict& verdict);

/// True when the selector cannot hold without this probe: neither best_effort nor a one_of stands above it.
[[nodiscard]] bool is_required(const Selector& selector, const ProbeId& id);

}  // namespace gadget::runtime
