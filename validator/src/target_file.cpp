// SPDX-License-Identifier: Apache-2.0
// Functions and probes of executables and libraries. Formats: System V ABI (ELF); for the notes of USDT
// probes the page "UserSpaceProbeImplementation" of systemtap.
#include <elf.h>

#include <algorithm>
#include <array>

#include "byte_view.h"
#include "gadget/validator.h"
#include "target_arguments.h"

namespace gadget::validator {
namespace {

constexpr std::size_t kMaxSymbols = 4'000'000;
constexpr std::size_t kMaxProbes = 65'536;
constexpr std::size_t kMaxSections = 65'536;
constexpr std::uint32_t kNoteType = 3;

Error corrupt(std::string message) {
    return Error{.code = ErrorCode::corrupt_data, .message = std::move(message)};
}

class TargetReader {
  public:
    TargetReader(ByteSpan binary, TargetFacts& facts) : binary_(binary), facts_(facts) {}

    Result<void> read() {
        GADGET_TRY(read_header());
        GADGET_TRY(read_sections());
        for (const auto& section : sections_) {
            const auto name = name_at(names_, section.sh_name);
            if (section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM)
                GADGET_TRY(read_symbols(section));
            if (section.sh_type == SHT_NOTE && name == ".note.stapsdt") GADGET_TRY(read_notes(section));
            if (name == ".gopclntab" || name == ".data.rel.ro.gopclntab") facts_.has_go_symbols = true;
        }
        std::sort(facts_.functions.begin(), facts_.functions.end());
        facts_.functions.erase(std::unique(facts_.functions.begin(), facts_.functions.end()),
                               facts_.functions.end());
        return {};
    }

  private:
    Result<void> read_header() {
        const auto header = read_at<Elf64_Ehdr>(binary_, 0);
        if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return corrupt("not an ELF file");
        if (header->e_ident[EI_CLASS] != ELFCLASS64) return corrupt("not a 64-bit ELF file");
        if (header->e_ident[EI_DATA] != ELFDATA2LSB) return corrupt("a big-endian ELF file");
        if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
            return corrupt("neither an executable nor a shared library");
        if (header->e_machine == EM_X86_64)
            facts_.arch = model::Arch::amd64;
        else if (header->e_machine == EM_AARCH64)
            facts_.arch = model::Arch::arm64;
        else
            return corrupt("an ELF file for machine " + std::to_string(header->e_machine) +
                           ", neither amd64 nor arm64");
        header_ = *header;
        return {};
    }

    Result<void> read_sections() {
        if (header_.e_shoff == 0) return {};  // stripped of all names: nothing to find
        if (header_.e_shentsize != sizeof(Elf64_Shdr)) return corrupt("section headers of unknown size");
        const auto first = read_at<Elf64_Shdr>(binary_, header_.e_shoff);
        if (!first) return corrupt("the section headers lie outside the file: it is cut off or damaged");
        const std::uint64_t count = header_.e_shnum != 0 ? header_.e_shnum : first->sh_size;
        const std::uint64_t names = header_.e_shstrndx == SHN_XINDEX ? first->sh_link : header_.e_shstrndx;
        if (count > kMaxSections) return corrupt("too many sections");
        const auto table = part(binary_, header_.e_shoff, count * sizeof(Elf64_Shdr));
        if (!table) return corrupt("the section headers lie outside the file: it is cut off or damaged");
        sections_.resize(static_cast<std::size_t>(count));
        if (!table->empty()) std::memcpy(sections_.data(), table->data(), table->size());
        if (names < count) names_ = data_of(sections_[static_cast<std::size_t>(names)]);
        return {};
    }

    [[nodiscard]] ByteSpan data_of(const Elf64_Shdr& section) const {
        if (section.sh_type == SHT_NOBITS) return {};
        return part(binary_, section.sh_offset, section.sh_size).value_or(ByteSpan{});
    }

    Result<void> read_symbols(const Elf64_Shdr& section) {
        const auto data = data_of(section);
        const auto count = data.size() / sizeof(Elf64_Sym);
        if (count > kMaxSymbols - symbols_read_) return corrupt("too many symbols");
        symbols_read_ += count;
        if (section.sh_link >= sections_.size()) return corrupt("a symbol table has no names");
        const auto names = data_of(sections_[section.sh_link]);
        for (std::size_t i = 0; i < count; ++i) {
            const auto symbol = *read_at<Elf64_Sym>(data, i * sizeof(Elf64_Sym));
            if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
            const auto name = name_at(names, symbol.st_name);
            if (!name.empty()) facts_.functions.emplace_back(name);
        }
        return {};
    }

    Result<void> read_notes(const Elf64_Shdr& section) {
        const auto data = data_of(section);
        for (std::uint64_t at = 0; at < data.size();) {
            const auto note = read_at<Elf64_Nhdr>(data, at);
            if (!note) return corrupt("a note in .note.stapsdt is cut off");
            const auto name_at = at + sizeof(Elf64_Nhdr);
            const auto text_at = name_at + pad(note->n_namesz);
            const auto name = part(data, name_at, note->n_namesz);
            const auto text = part(data, text_at, note->n_descsz);
            if (!name || !text) return corrupt("a note in .note.stapsdt is cut off");
            const std::string_view owner{reinterpret_cast<const char*>(name->data()), name->size()};
            if (note->n_type == kNoteType && owner == std::string_view("stapsdt\0", 8))
                GADGET_TRY(read_probe(*text));
            at = text_at + pad(note->n_descsz);
        }
        return {};
    }

    static std::uint64_t pad(std::uint32_t size) { return (std::uint64_t{size} + 3) / 4 * 4; }

    Result<void> read_probe(ByteSpan note) {
        constexpr std::size_t kAddresses = 3;  // of the probe, of .stapsdt.base, of the semaphore
        const auto addresses = read_at<std::array<std::uint64_t, kAddresses>>(note, 0);
        if (!addresses) return corrupt("a probe in .note.stapsdt is cut off");
        std::string_view text{reinterpret_cast<const char*>(note.data()), note.size()};
        text.remove_prefix(sizeof *addresses);
        std::array<std::string_view, 3> words;
        for (auto& word : words) {
            const auto end = text.find('\0');
            if (end == std::string_view::npos) return corrupt("a probe in .note.stapsdt has no end");
            word = text.substr(0, end);
            text.remove_prefix(end + 1);
        }
        if (facts_.probes.size() >= kMaxProbes) return corrupt("too many probes");
        TargetProbe probe;
        probe.provider = words[0].substr(0, kMaxName);
        probe.name = words[1].substr(0, kMaxName);
        probe.arguments = split_usdt_arguments(words[2], facts_.arch);
        probe.has_semaphore = (*addresses)[2] != 0;
        facts_.probes.push_back(std::move(probe));
        return {};
    }

    ByteSpan binary_;
    TargetFacts& facts_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Shdr> sections_;
    ByteSpan names_;
    std::size_t symbols_read_ = 0;
};

}  // namespace

Result<TargetFacts> read_target(std::span<const std::byte> binary, const std::string& path) {
    TargetFacts facts;
    facts.path = path;
    auto done = TargetReader(binary, facts).read();
    if (!done) return std::move(done).context("while reading " + path).error();
    return facts;
}

}  // namespace gadget::validator
