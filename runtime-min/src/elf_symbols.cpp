// SPDX-License-Identifier: Apache-2.0
#include "elf_symbols.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"

namespace gadget::runtime {
namespace {

using ElfPtr = CPtr<Elf, elf_end>;
namespace fs = std::filesystem;

constexpr std::size_t kMaxCandidates = 20000;
Error not_elf(const fs::path& binary) {
    return Error{ErrorCode::corrupt_data,
                 "'" + binary.string() + "' is no program or library: it is not an ELF file"};
}

// A uprobe wants the offset in the file; symbols hold addresses. The segment that holds the address connects
// them.
std::optional<std::uint64_t> file_offset(Elf* elf, std::uint64_t address) {
    std::size_t count = 0;
    if (elf_getphdrnum(elf, &count) != 0) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, static_cast<int>(i), &segment) == nullptr || segment.p_type != PT_LOAD)
            continue;
        if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_memsz) continue;
        return address - segment.p_vaddr + segment.p_offset;
    }
    return std::nullopt;
}

bool is_function(const GElf_Sym& symbol) {
    const auto type = GELF_ST_TYPE(symbol.st_info);
    return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF &&
           symbol.st_value != 0;
}

/// Calls `visit(name, address)` for every function of a symbol table until it returns false.
template <class Visit>
void each_function(Elf* elf, Elf64_Word table_type, const Visit& visit) {
    Elf_Scn* section = nullptr;
    while ((section = elf_nextscn(elf, section)) != nullptr) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != table_type ||
            header.sh_entsize == 0)
            continue;
        Elf_Data* const data = elf_getdata(section, nullptr);
        if (data == nullptr) continue;
        const auto count =
            static_cast<int>(std::min<std::uint64_t>(header.sh_size / header.sh_entsize, 1U << 30U));
        for (int i = 0; i < count; ++i) {
            GElf_Sym symbol;
            if (gelf_getsym(data, i, &symbol) == nullptr) break;
            if (!is_function(symbol)) continue;
            const char* const name = elf_strptr(elf, header.sh_link, symbol.st_name);
            if (name != nullptr && !visit(name, symbol.st_value)) return;
        }
    }
}

std::optional<std::uint64_t> find_address(Elf* elf, Elf64_Word table_type, const std::string& wanted,
                                          std::vector<std::string>& seen) {
    std::optional<std::uint64_t> found;
    each_function(elf, table_type, [&](const char* name, std::uint64_t address) {
        if (wanted == name) found = address;
        // Names of another length are no misspellings; large binaries have hundreds of thousands of those.
        const std::size_t length = std::strlen(name);
        const std::size_t gap = std::max(length, wanted.size()) - std::min(length, wanted.size());
        if (!found && gap <= wanted.size() / 3 + 1 && seen.size() < kMaxCandidates) seen.emplace_back(name);
        return !found;
    });
    return found;
}

/// An opened ELF file; the descriptor must outlive the handle.
struct OpenElf {
    UniqueFd fd;
    ElfPtr elf;
};

Result<OpenElf> open_elf(const fs::path& binary) {
    UniqueFd fd(open(binary.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error(errno, "opening '" + binary.string() + "'");
    if (elf_version(EV_CURRENT) == EV_NONE)
        return Error{ErrorCode::internal, "libelf does not know the current ELF version"};
    ElfPtr elf(elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr));
    if (!elf || elf_kind(elf.get()) != ELF_K_ELF) return not_elf(binary);
    return OpenElf{std::move(fd), std::move(elf)};
}

}  // namespace

Result<std::uint64_t> function_offset(const fs::path& binary, const std::string& symbol) {
    GADGET_TRY_ASSIGN(const OpenElf file, open_elf(binary));
    Elf* const elf = file.elf.get();
    std::vector<std::string> seen;
    for (const Elf64_Word table : {Elf64_Word{SHT_SYMTAB}, Elf64_Word{SHT_DYNSYM}}) {
        const auto address = find_address(elf, table, symbol, seen);
        if (!address) continue;
        if (const auto offset = file_offset(elf, *address)) return *offset;
        return Error{ErrorCode::corrupt_data,
                     "function '" + symbol + "' lies in no segment of '" + binary.string() + "'"};
    }
    return Error{ErrorCode::not_found, "'" + binary.string() + "' has no function '" + symbol + "'",
                 did_you_mean(symbol, seen)};
}

Result<std::vector<std::uint64_t>> matching_offsets(const fs::path& binary,
                                                    const std::vector<std::string>& patterns) {
    GADGET_TRY_ASSIGN(const OpenElf file, open_elf(binary));
    Elf* const elf = file.elf.get();
    std::vector<bool> found(patterns.size());
    std::vector<std::uint64_t> offsets;
    for (const Elf64_Word table : {Elf64_Word{SHT_SYMTAB}, Elf64_Word{SHT_DYNSYM}}) {
        each_function(elf, table, [&](const char* name, std::uint64_t address) {
            for (std::size_t i = 0; i < patterns.size(); ++i) {
                if (fnmatch(patterns[i].c_str(), name, 0) != 0) continue;
                const auto offset = file_offset(elf, address);
                if (!offset) continue;
                found[i] = true;
                offsets.push_back(*offset);
            }
            return true;
        });
    }
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        if (found[i]) continue;
        return Error{ErrorCode::not_found, "'" + binary.string() + "' has no function '" + patterns[i] + "'"};
    }
    std::ranges::sort(offsets);
    offsets.erase(std::ranges::unique(offsets).begin(), offsets.end());
    return offsets;
}

}  // namespace gadget::runtime
