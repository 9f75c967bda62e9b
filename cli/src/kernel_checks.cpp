// SPDX-License-Identifier: Apache-2.0
#include "kernel_checks.h"

#include <algorithm>

#include "gadget/support/text.h"
#include "gadget/testkit/kernels.h"
#include "places.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

/// One kernel that was asked for.
struct Wanted {
    std::string word;
    bool optional = false;  ///< by "all": one that cannot be had is only remarked
};

bool is_file(const std::string& word) {
    std::error_code ignored;
    return word.find('/') != std::string::npos || fs::is_regular_file(word, ignored);
}

/// With the targets that the metadata gives.
model::ObjectFacts attached_facts(const LoadedObject& object, const LoadedGadget& gadget) {
    return gadget.manifest ? validator::with_attach_to(object.facts, *gadget.manifest) : object.facts;
}

/// The compiler sees the folder of a gadget as /gadget: findings get the path that the user knows.
class FolderSink final : public DiagnosticSink {
  public:
    FolderSink(const fs::path& folder, DiagnosticSink& next) : folder_(folder), next_(next) {}
    void report(Diagnostic diagnostic) override {
        constexpr std::string_view kVirtual = "/gadget/";
        auto* range = std::get_if<SourceRange>(&diagnostic.location);
        if (range != nullptr && !folder_.empty() && range->file.starts_with(kVirtual))
            range->file = (folder_ / range->file.substr(kVirtual.size())).string();
        next_.report(std::move(diagnostic));
    }

  private:
    const fs::path& folder_;
    DiagnosticSink& next_;
};

class KernelChecks {
  public:
    KernelChecks(const Context& context, fs::path cache)
        : context_(context), cache_(std::move(cache)), store_(cache_) {}

    Result<std::vector<Wanted>> expand(const std::vector<std::string>& words) const {
        std::vector<Wanted> wanted;
        const auto add = [&](const std::string& word, bool optional) {
            const auto same = [&](const Wanted& other) { return other.word == word; };
            if (std::none_of(wanted.begin(), wanted.end(), same)) wanted.push_back({word, optional});
        };
        for (const auto& word : words) {
            if (word != "all") {
                add(word, false);
                continue;
            }
            for (const auto& id : testkit::known_kernel_ids()) add(id, true);
            GADGET_TRY_ASSIGN(const auto stored, store_.list());
            for (const auto& kernel : stored) add(kernel.id, true);
            add("host", true);
        }
        return wanted;
    }

    /// The facts of a kernel for `arch`; nullopt when it is for another one.
    Result<std::optional<model::KernelFacts>> facts(const Wanted& wanted, model::Arch arch) {
        using Facts = std::optional<model::KernelFacts>;
        if (wanted.word == "host") {
            if (arch != model::host_arch()) return Facts{};
            GADGET_TRY_ASSIGN(auto host, testkit::host_kernel_facts());
            return Facts(std::move(host));
        }
        if (is_file(wanted.word)) {
            GADGET_TRY_ASSIGN(auto file,
                              testkit::kernel_facts_of_file(wanted.word, arch, cache_, context_.cancel));
            if (file.arch != arch) return Facts{};
            return Facts(std::move(file));
        }
        GADGET_TRY_ASSIGN(const auto kernel,
                          store_.fetch(wanted.word, arch, context_.terminal, context_.cancel));
        GADGET_TRY_ASSIGN(auto stored, testkit::kernel_facts(kernel, cache_));
        return Facts(std::move(stored));
    }

    Result<void> check(const LoadedObject& object, const model::ObjectFacts& facts_of_object,
                       const std::vector<Wanted>& kernels, KernelTable& table, DiagnosticSink& sink) {
        const auto first = table.rows.size();
        for (const auto& wanted : kernels) {
            const auto name = wanted.word + "/" + std::string(model::to_string(object.arch));
            context_.terminal.step("checking for kernel " + name);
            auto kernel = facts(wanted, object.arch);
            if (!kernel && wanted.optional && kernel.error().code != ErrorCode::cancelled) {
                table.remarks.push_back("kernel " + name + " was left out: " + kernel.error().to_string());
                continue;
            }
            if (!kernel) return std::move(kernel).error();
            if (!*kernel) continue;
            GADGET_TRY_ASSIGN(auto row, validator::check_kernel(object.object, facts_of_object, **kernel));
            table.rows.push_back(std::move(row));
        }
        validator::report_kernels(facts_of_object, std::span(table.rows).subspan(first), sink);
        return {};
    }

  private:
    const Context& context_;
    fs::path cache_;
    testkit::KernelStore store_;
};

Result<void> check_targets(const ValidateOptions& options, const LoadedGadget& gadget, DiagnosticSink& sink) {
    for (const auto& path : options.targets) {
        GADGET_TRY_ASSIGN(const Bytes binary, read_file(path));
        std::error_code ignored;
        GADGET_TRY_ASSIGN(
            const auto target,
            validator::read_target(binary, fs::absolute(path, ignored).lexically_normal().string()));
        // The sections of a gadget's objects are the same; one of the target's architecture is taken if there
        // is.
        const auto* object = gadget.find(target.arch);
        if (object == nullptr && !gadget.objects.empty()) object = &gadget.objects.front();
        if (object != nullptr) validator::check_target(attached_facts(*object, gadget), target, sink);
    }
    return {};
}

}  // namespace

Result<KernelTable> check_kernels_and_targets(const ValidateOptions& options, const LoadedGadget& gadget,
                                              const Context& context, DiagnosticSink& sink) {
    FolderSink located(gadget.source_folder, sink);
    KernelTable table;
    if (!options.kernels.empty()) {
        GADGET_TRY_ASSIGN(const auto cache, cache_folder());
        KernelChecks checks(context, cache);
        GADGET_TRY_ASSIGN(const auto kernels, checks.expand(options.kernels));
        for (const auto& object : gadget.objects)
            GADGET_TRY(checks.check(object, attached_facts(object, gadget), kernels, table, located));
        if (gadget.objects.empty()) {
            table.remarks.push_back("the gadget has no eBPF program, so no kernel matters");
        } else if (table.rows.empty()) {
            return Error{.code = ErrorCode::unsupported,
                         .message = table.remarks.empty()
                                        ? "none of the kernels is for an architecture of this gadget"
                                        : table.remarks.front()};
        }
    }
    GADGET_TRY(check_targets(options, gadget, located));
    return table;
}

}  // namespace gadget::cli
