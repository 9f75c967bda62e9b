// SPDX-License-Identifier: Apache-2.0
// What is known about a kernel without running it: its types, the names of its symbols, its tracepoints.
// Where a fact cannot be had it is absent, and whoever asks has to say so instead of guessing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/support/result.h"

namespace gadget::model {

/// One symbol of a kernel, as a line of /proc/kallsyms has it.
struct KernelSymbol {
    std::string name;
    char type = '?';  ///< the letter of kallsyms: t, T, w, W are functions
};

/// The symbols of a kernel. Kept as one text, so that a list that was stored is ready as soon as it is read.
class SymbolList {
  public:
    SymbolList() = default;

    /// Sorts. Of symbols with the same name a function is kept before anything else. Names with white space
    /// are left out.
    [[nodiscard]] static SymbolList of(std::vector<KernelSymbol> symbols);

    /// `text` is to_text() of another list: lines "name TAB letter", sorted by the bytes of the names.
    /// `corrupt_data` when it does not look like that; the order is not checked, names out of order are not
    /// found.
    [[nodiscard]] static Result<SymbolList> parse(std::string text);

    [[nodiscard]] const std::string& to_text() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

    /// The letter of kallsyms; nullopt when there is no such symbol.
    [[nodiscard]] std::optional<char> find(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
    [[nodiscard]] bool has_function(std::string_view name) const;
    /// Whether a symbol begins with `prefix`.
    [[nodiscard]] bool has_prefix(std::string_view prefix) const;

    /// Functions whose names could be meant by `name`: same first letter, about the same length. At most
    /// `limit`.
    [[nodiscard]] std::vector<std::string> functions_like(std::string_view name, std::size_t limit) const;

  private:
    [[nodiscard]] std::size_t lower_bound(std::string_view name) const;
    std::string text_;
};

/// Types that a module adds to those of its kernel.
struct ModuleTypes {
    std::string name;
    std::vector<std::byte> btf;  ///< split BTF, as in /sys/kernel/btf/<name>
};

struct KernelFacts {
    std::string id;  ///< how the user calls it: "6.12", "host", or the name of a file
    Arch arch = Arch::amd64;
    std::string release;               ///< as uname -r; empty when unknown
    std::vector<std::byte> btf;        ///< as in /sys/kernel/btf/vmlinux; empty when the kernel has none
    std::vector<ModuleTypes> modules;  ///< may be empty: then nothing is known about modules
    SymbolList symbols;                ///< empty when unknown
    bool has_module_symbols = false;   ///< `symbols` covers the modules that the kernel uses
    /// "category/name", sorted; nullopt when the categories are unknown.
    std::optional<std::vector<std::string>> tracepoints;
    /// Native system calls ("openat"), sorted; nullopt when unknown. A kernel has functions for more: arm64
    /// has one for `open`, which no program can call.
    std::optional<std::vector<std::string>> system_calls;

    [[nodiscard]] std::string name() const { return id + "/" + std::string(to_string(arch)); }
};

}  // namespace gadget::model
