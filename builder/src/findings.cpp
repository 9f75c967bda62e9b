// SPDX-License-Identifier: Apache-2.0
#include "findings.h"

#include <algorithm>
#include <string>

#include "gadget/support/text.h"

namespace gadget::builder {
namespace {

bool same(const Diagnostic& a, const Diagnostic& b) {
    return a.severity == b.severity && a.id == b.id && a.message == b.message && a.location == b.location;
}

struct Merged {
    Diagnostic finding;
    std::vector<std::string> archs;
};

// All compilations of one source: `group` is not empty.
void merge_source(std::vector<CompiledFindings*>& group, std::vector<Diagnostic>& out) {
    std::vector<Merged> merged;
    for (CompiledFindings* compiled : group) {
        const std::string arch(model::to_string(compiled->arch));
        for (Diagnostic& finding : compiled->findings) {
            auto known = std::find_if(merged.begin(), merged.end(),
                                      [&](const Merged& other) { return same(other.finding, finding); });
            if (known == merged.end()) {
                merged.push_back({std::move(finding), {arch}});
            } else if (std::find(known->archs.begin(), known->archs.end(), arch) == known->archs.end()) {
                known->archs.push_back(arch);
            }
        }
    }
    for (Merged& one : merged) {
        if (one.archs.size() < group.size()) {
            one.finding.notes.push_back({"only when compiled for " + join_words(one.archs), {}});
        }
        out.push_back(std::move(one.finding));
    }
}

}  // namespace

std::vector<Diagnostic> merge_findings(std::vector<CompiledFindings> compiled) {
    std::vector<Diagnostic> result;
    std::vector<bool> taken(compiled.size(), false);
    for (std::size_t i = 0; i < compiled.size(); ++i) {
        if (taken[i]) continue;
        std::vector<CompiledFindings*> group;
        for (std::size_t j = i; j < compiled.size(); ++j) {
            if (taken[j] || compiled[j].source != compiled[i].source) continue;
            taken[j] = true;
            group.push_back(&compiled[j]);
        }
        merge_source(group, result);
    }
    return result;
}

}  // namespace gadget::builder
