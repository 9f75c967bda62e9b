// SPDX-License-Identifier: Apache-2.0
#include "gadget/runtime/selector.h"

#include <algorithm>
#include <utility>

namespace gadget::runtime {
namespace {

std::string_view group_name(Selector::Kind kind) {
    switch (kind) {
        case Selector::Kind::probe:
            return "probe";
        case Selector::Kind::all_of:
            return "all of";
        case Selector::Kind::one_of:
            return "one of";
        case Selector::Kind::best_effort:
            return "best effort";
    }
    return "probe";
}

void collect(const Selector& selector, std::vector<ProbeId>& into) {
    if (selector.kind == Selector::Kind::probe) {
        if (std::ranges::find(into, selector.id) == into.end()) into.push_back(selector.id);
        return;
    }
    for (const Selector& child : selector.children) collect(child, into);
}

Error combine(const Selector& selector, std::vector<Error> failures) {
    if (failures.size() == 1) {
        Error only = std::move(failures.front());
        return only;
    }
    Error combined;
    combined.code = failures.empty() ? ErrorCode::invalid_argument : failures.front().code;
    if (!failures.empty()) combined.requirement = failures.front().requirement;
    combined.message = selector.kind == Selector::Kind::one_of ? "none of the probes could be started"
                                                               : "probes could not be started";
    if (failures.empty()) combined.message += ": the group '" + to_string(selector) + "' is empty";
    const char* separator = ": ";
    for (const Error& failure : failures) {
        combined.message += separator + failure.message;
        if (combined.hint.empty()) combined.hint = failure.hint;
        separator = "; ";
    }
    return combined;
}

bool depends_on(const Selector& selector, const ProbeId& id) {
    switch (selector.kind) {
        case Selector::Kind::probe:
            return selector.id == id;
        case Selector::Kind::all_of:
            return std::ranges::any_of(selector.children,
                                       [&](const Selector& c) { return depends_on(c, id); });
        case Selector::Kind::one_of:
            return selector.children.size() == 1 && depends_on(selector.children.front(), id);
        case Selector::Kind::best_effort:
            return false;
    }
    return false;
}

}  // namespace

std::string to_string(const ProbeId& id) {
    return id.uid.empty() ? id.program : id.program + "#" + id.uid;
}

Selector Selector::probe(ProbeId id) {
    return {Kind::probe, std::move(id), {}};
}
Selector Selector::all_of(std::vector<Selector> children) {
    return {Kind::all_of, {}, std::move(children)};
}
Selector Selector::one_of(std::vector<Selector> children) {
    return {Kind::one_of, {}, std::move(children)};
}
Selector Selector::best_effort(std::vector<Selector> children) {
    return {Kind::best_effort, {}, std::move(children)};
}

std::vector<ProbeId> selected_probes(const Selector& selector) {
    std::vector<ProbeId> ids;
    collect(selector, ids);
    return ids;
}

void rename_probe(Selector& selector, const ProbeId& from, const ProbeId& to) {
    if (selector.kind == Selector::Kind::probe && selector.id == from) selector.id = to;
    for (Selector& child : selector.children) rename_probe(child, from, to);
}

std::string to_string(const Selector& selector) {
    if (selector.kind == Selector::Kind::probe) return to_string(selector.id);
    std::string text(group_name(selector.kind));
    const char* separator = " (";
    for (const Selector& child : selector.children) {
        text += separator + to_string(child);
        separator = ", ";
    }
    return text + (selector.children.empty() ? " ()" : ")");
}

Result<void> evaluate(const Selector& selector, const ProbeVerdict& verdict) {
    if (selector.kind == Selector::Kind::probe) return verdict(selector.id);
    if (selector.kind == Selector::Kind::best_effort) return {};
    std::vector<Error> failures;
    for (const Selector& child : selector.children) {
        auto held = evaluate(child, verdict);
        if (!held) {
            failures.push_back(std::move(held).error());
        } else if (selector.kind == Selector::Kind::one_of) {
            return {};
        }
    }
    if (selector.kind == Selector::Kind::all_of && failures.empty()) return {};
    return combine(selector, std::move(failures));
}

bool is_required(const Selector& selector, const ProbeId& id) {
    return depends_on(selector, id);
}

}  // namespace gadget::runtime
