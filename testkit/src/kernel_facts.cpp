// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "gadget/support/text.h"
#include "gadget/testkit/kernels.h"
#include "kallsyms.h"
#include "kernel_image.h"
#include "kernel_package.h"
#include "sha256.h"

namespace gadget::testkit {
namespace {

namespace fs = std::filesystem;

// First line of a stored file; another version is worked out anew.
constexpr std::string_view kHeader = "gadgetkit kernel facts 2: ";
constexpr std::size_t kMaxStored = std::size_t{64} << 20;
constexpr std::size_t kMaxEntries = 64;
constexpr std::size_t kMaxBtf = std::size_t{128} << 20;

/// What is worked out of an image.
struct Names {
    model::SymbolList symbols;
    std::vector<std::string> tracepoints;
    std::vector<std::string> system_calls;
};

// The header, two lists with their lengths, the symbols.
std::string to_text(const Names& names) {
    std::string text(kHeader);
    for (const auto* list : {&names.tracepoints, &names.system_calls}) {
        text += std::to_string(list->size()) + "\n";
        for (const auto& name : *list) text += name + "\n";
    }
    return text + names.symbols.to_text();
}

/// Takes a list from the front of `text`; false when there is none.
bool take_list(std::string_view& text, std::vector<std::string>& list) {
    std::size_t count = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), count);
    if (number.ec != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(number.ptr - text.data()));
    if (!text.starts_with('\n')) return false;
    text.remove_prefix(1);
    for (std::size_t i = 0; i < count; ++i) {
        const auto newline = text.find('\n');
        if (newline == std::string_view::npos) return false;
        list.emplace_back(text.substr(0, newline));
        text.remove_prefix(newline + 1);
    }
    return true;
}

std::optional<Names> from_text(const std::string& text) {
    if (!text.starts_with(kHeader)) return std::nullopt;
    auto rest = std::string_view(text).substr(kHeader.size());
    Names names;
    if (!take_list(rest, names.tracepoints) || !take_list(rest, names.system_calls)) return std::nullopt;
    auto symbols = model::SymbolList::parse(std::string(rest));
    if (!symbols) return std::nullopt;
    names.symbols = *std::move(symbols);
    return names;
}

Names work_out(std::span<const std::byte> image) {
    const KernelMemory memory(image);
    const auto symbols = read_kallsyms(image, memory);
    if (!symbols) return {};
    Names names;
    names.system_calls = read_system_calls(memory, *symbols);
    names.tracepoints = read_tracepoints(memory, *symbols, names.system_calls);
    std::vector<model::KernelSymbol> list;
    list.reserve(symbols->size());
    for (const auto& symbol : *symbols) list.push_back({symbol.name, symbol.type});
    names.symbols = model::SymbolList::of(std::move(list));
    return names;
}

// Removes the entries that were used least recently.
void bound(const fs::path& folder) {
    struct Entry {
        fs::file_time_type used;
        fs::path path;
    };
    std::vector<Entry> entries;
    std::error_code error;
    for (const auto& file : fs::directory_iterator(folder, error)) {
        const auto used = file.last_write_time(error);
        if (!error && file.path().extension() == ".names") entries.push_back({used, file.path()});
    }
    if (entries.size() <= kMaxEntries) return;
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
    for (std::size_t i = 0; i + kMaxEntries < entries.size(); ++i) fs::remove(entries[i].path, error);
}

/// The names of the image with that digest: stored ones, else those that `read_image` gives rise to.
template <class ReadImage>
Result<Names> names_of(const std::string& digest, const fs::path& cache, ReadImage&& read_image) {
    const auto folder = cache / "kernel-facts";
    const auto file = folder / (digest + ".names");
    if (const auto text = read_text_file(file, kMaxStored)) {
        if (auto names = from_text(*text)) {
            std::error_code ignored;  // a cache that cannot be written to only forgets what was used
            fs::last_write_time(file, fs::file_time_type::clock::now(), ignored);
            return *std::move(names);
        }
    }
    GADGET_TRY_ASSIGN(const Bytes image, read_image());
    auto names = work_out(image);
    // Facts that cannot be kept are as good as others.
    if (gadget::create_directories(folder) && write_file_atomic(file, std::string_view(to_text(names))))
        bound(folder);
    return names;
}

void add_names(Names names, model::KernelFacts& facts) {
    facts.symbols = std::move(names.symbols);
    if (!names.tracepoints.empty()) facts.tracepoints = std::move(names.tracepoints);
    if (!names.system_calls.empty()) facts.system_calls = std::move(names.system_calls);
}

bool is_btf(std::span<const std::byte> content) {
    return as_text(content).starts_with("\x9f\xeb\x01");
}

model::Arch arch_of(std::span<const std::byte> image) {
    constexpr std::size_t kArm64Magic = 56;
    const bool arm64 = image.size() > kArm64Magic + 4 &&
                       as_text(image.subspan(kArm64Magic, 4)) == std::string_view("ARM\x64", 4);
    return arm64 ? model::Arch::arm64 : model::Arch::amd64;
}

// Files of /proc and /sys do not tell their size.
Result<Bytes> read_special(const fs::path& path, std::size_t limit) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error(errno, "cannot open " + path.string());
    return read_all(fd.get(), limit, path.string());
}

// Lines "address letter name", then "[module]" for those of modules. Without the right to see addresses they
// are all zero, the names are there.
model::SymbolList parse_kallsyms(std::string_view text) {
    std::vector<model::KernelSymbol> symbols;
    for (std::size_t at = 0; at < text.size();) {
        const auto newline = std::min(text.find('\n', at), text.size());
        const auto words = split(text.substr(at, newline - at), ' ');
        at = newline + 1;
        if (words.size() < 3 || words[1].size() != 1) continue;
        symbols.push_back({std::string(words[2].substr(0, words[2].find('\t'))), words[1][0]});
    }
    return model::SymbolList::of(std::move(symbols));
}

void add_host_tracepoints(model::KernelFacts& facts) {
    for (const auto* path :
         {"/sys/kernel/tracing/available_events", "/sys/kernel/debug/tracing/available_events"}) {
        const auto text = read_special(path, kMaxTextFile);
        if (!text || text->empty()) continue;
        std::vector<std::string> names;
        for (const auto line : split(as_text(*text), '\n')) {
            std::string name(line);
            const auto colon = name.find(':');
            if (colon == std::string::npos) continue;
            name[colon] = '/';
            names.push_back(std::move(name));
        }
        std::sort(names.begin(), names.end());
        std::vector<std::string> calls;
        constexpr std::string_view kEnter = "syscalls/sys_enter_";
        for (const auto& event : names) {
            if (event.starts_with(kEnter)) calls.push_back(event.substr(kEnter.size()));
        }
        if (!calls.empty()) facts.system_calls = std::move(calls);
        facts.tracepoints = std::move(names);
        return;
    }
}

void add_host_modules(model::KernelFacts& facts) {
    std::error_code error;
    for (const auto& file : fs::directory_iterator("/sys/kernel/btf", error)) {
        const auto name = file.path().filename().string();
        if (name == "vmlinux") continue;
        if (auto btf = read_special(file.path(), kMaxBtf)) facts.modules.push_back({name, *std::move(btf)});
    }
    std::sort(facts.modules.begin(), facts.modules.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
}

}  // namespace

Result<model::KernelFacts> kernel_facts(const Kernel& kernel, const fs::path& cache) {
    model::KernelFacts facts{.id = kernel.id, .arch = kernel.arch, .release = kernel.release};
    if (!kernel.btf.empty()) {
        GADGET_TRY_ASSIGN(facts.btf, read_file(kernel.btf, kMaxBtf));
    }
    GADGET_TRY_ASSIGN(Names names, names_of(kernel.sha256, cache, [&] { return read_file(kernel.image); }));
    add_names(std::move(names), facts);
    return facts;
}

Result<model::KernelFacts> kernel_facts_of_file(const fs::path& file, model::Arch arch, const fs::path& cache,
                                                const CancelToken& cancel) {
    model::KernelFacts facts{.id = file.filename().string(), .arch = arch};
    GADGET_TRY_ASSIGN(Bytes content, read_file(file));
    if (is_btf(content)) {
        facts.btf = std::move(content);
        return facts;
    }
    KernelParts parts;
    if (as_text(content).starts_with("!<arch>\n")) {
        GADGET_TRY(unpack_kernel_package(file, parts, cancel));
        content = std::move(parts.image);
        facts.release = parts.release;
    }
    facts.arch = arch_of(content);
    auto image = bootable_image(content, facts.arch);
    if (!image) return std::move(image).context("while reading '" + file.string() + "'").error();
    const auto btf = find_btf(*image);
    facts.btf.assign(btf.begin(), btf.end());
    GADGET_TRY_ASSIGN(Names names, names_of(sha256_hex(*image), cache,
                                            [&]() -> Result<Bytes> { return *std::move(image); }));
    add_names(std::move(names), facts);
    return facts;
}

Result<model::KernelFacts> host_kernel_facts() {
    model::KernelFacts facts{.id = "host", .arch = model::host_arch()};
    utsname name{};
    if (::uname(&name) == 0) facts.release = name.release;
    if (auto btf = read_special("/sys/kernel/btf/vmlinux", kMaxBtf)) facts.btf = *std::move(btf);
    if (const auto text = read_special("/proc/kallsyms", kMaxBinaryFile)) {
        facts.symbols = parse_kallsyms(as_text(*text));
        facts.has_module_symbols = !facts.symbols.empty();
    }
    if (!facts.btf.empty()) add_host_modules(facts);
    add_host_tracepoints(facts);
    return facts;
}

}  // namespace gadget::testkit
