// SPDX-License-Identifier: Apache-2.0
#include "object_image.h"

#include <bpf/btf.h>
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

#include "gadget/support/unique_fd.h"
#include "libbpf_log.h"

namespace gadget::runtime {
namespace {

constexpr std::uint8_t kLoadImmediate = 0x18;  // BPF_LD | BPF_IMM | BPF_DW, two slots
constexpr std::uint32_t kRelocation64 = 1;     // R_BPF_64_64
constexpr std::size_t kSlot = sizeof(Instruction);
static_assert(kSlot == 8);

/// A bounded view on an ELF file; every read is checked.
class Elf {
  public:
    explicit Elf(std::span<const std::byte> bytes) : bytes_(bytes) {
        Elf64_Ehdr header{};
        if (!read(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
            header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
            header.e_machine != EM_BPF || header.e_shentsize != sizeof(Elf64_Shdr)) {
            return;
        }
        for (std::size_t i = 0; i < header.e_shnum; ++i) {
            Elf64_Shdr section{};
            if (!read(header.e_shoff + i * sizeof(section), section)) {
                sections_.clear();
                return;
            }
            sections_.push_back(section);
        }
        names_ = header.e_shstrndx;
    }

    [[nodiscard]] const std::vector<Elf64_Shdr>& sections() const { return sections_; }
    [[nodiscard]] std::size_t header_position(std::size_t section) const {
        Elf64_Ehdr header{};
        (void)read(0, header);
        return header.e_shoff + section * sizeof(Elf64_Shdr);
    }
    template <class T>
    [[nodiscard]] bool read(std::size_t position, T& value) const {
        if (position > bytes_.size() || sizeof(T) > bytes_.size() - position) return false;
        std::memcpy(&value, bytes_.data() + position, sizeof(T));
        return true;
    }
    [[nodiscard]] std::span<const std::byte> content(const Elf64_Shdr& section) const {
        if (section.sh_type == SHT_NOBITS || section.sh_offset > bytes_.size() ||
            section.sh_size > bytes_.size() - section.sh_offset) {
            return {};
        }
        return bytes_.subspan(section.sh_offset, section.sh_size);
    }
    [[nodiscard]] std::string_view text(std::size_t table, std::size_t at) const {
        if (table >= sections_.size()) return {};
        const auto strings = content(sections_[table]);
        if (at >= strings.size()) return {};
        const auto* const start = reinterpret_cast<const char*>(strings.data()) + at;
        return {start, strnlen(start, strings.size() - at)};
    }
    [[nodiscard]] std::string_view name(const Elf64_Shdr& section) const {
        return text(names_, section.sh_name);
    }

  private:
    std::span<const std::byte> bytes_;
    std::vector<Elf64_Shdr> sections_;
    std::size_t names_ = 0;
};

struct Symbol {
    Elf64_Sym entry{};
    std::size_t position = 0;  ///< of the entry in the file
    std::string name;
};

std::vector<Symbol> read_symbols(const Elf& elf) {
    std::vector<Symbol> symbols;
    for (const Elf64_Shdr& section : elf.sections()) {
        if (section.sh_type != SHT_SYMTAB) continue;
        const std::size_t count = elf.content(section).size() / sizeof(Elf64_Sym);
        for (std::size_t i = 0; i < count; ++i) {
            Symbol symbol;
            symbol.position = section.sh_offset + i * sizeof(Elf64_Sym);
            (void)elf.read(symbol.position, symbol.entry);
            symbol.name = elf.text(section.sh_link, symbol.entry.st_name);
            symbols.push_back(std::move(symbol));
        }
        break;  // there is one
    }
    return symbols;
}

/// Names that the object's BTF declares extern: real kernel symbols and configuration values.
std::set<std::string> declared_externs(const Elf& elf) {
    std::set<std::string> names;
    for (const Elf64_Shdr& section : elf.sections()) {
        if (elf.name(section) != ".BTF") continue;
        const auto data = elf.content(section);
        const LogCapture capture;
        const CPtr<btf, btf__free> types(btf__new(data.data(), static_cast<__u32>(data.size())));
        if (!types) continue;
        for (__u32 id = 1; id < btf__type_cnt(types.get()); ++id) {
            const btf_type* const type = btf__type_by_id(types.get(), id);
            const bool external = (btf_is_var(type) && btf_var(type)->linkage == BTF_VAR_GLOBAL_EXTERN) ||
                                  (btf_is_func(type) && btf_vlen(type) == BTF_FUNC_EXTERN);
            const char* const name = external ? btf__name_by_offset(types.get(), type->name_off) : nullptr;
            if (name != nullptr) names.insert(name);
        }
    }
    return names;
}

bool is_undefined(const Symbol& symbol) {
    const unsigned binding = ELF64_ST_BIND(symbol.entry.st_info);
    return symbol.entry.st_shndx == SHN_UNDEF && !symbol.name.empty() &&
           (binding == STB_GLOBAL || binding == STB_WEAK) &&
           ELF64_ST_TYPE(symbol.entry.st_info) == STT_NOTYPE;
}

struct Function {
    std::string name;
    std::size_t section = 0;
    std::size_t start = 0;  ///< in the section
    std::size_t size = 0;
};

std::vector<Function> read_functions(const Elf& elf, const std::vector<Symbol>& symbols) {
    std::vector<Function> functions;
    for (const Symbol& symbol : symbols) {
        const std::size_t section = symbol.entry.st_shndx;
        if (ELF64_ST_TYPE(symbol.entry.st_info) != STT_FUNC || section >= elf.sections().size()) continue;
        const std::size_t limit = elf.content(elf.sections()[section]).size();
        if ((elf.sections()[section].sh_flags & SHF_EXECINSTR) == 0 || symbol.entry.st_value > limit ||
            symbol.entry.st_size > limit - symbol.entry.st_value || symbol.entry.st_value % kSlot != 0) {
            continue;
        }
        functions.push_back({symbol.name, section, symbol.entry.st_value, symbol.entry.st_size});
    }
    return functions;
}

/// One relocation section: which entries are constants, and the entries that stay.
struct Relocations {
    std::vector<Elf64_Rel> kept;
    std::vector<std::pair<std::string, AsmUse>> found;
};

Relocations read_relocations(const Elf& elf, const Elf64_Shdr& section, const std::vector<Symbol>& symbols,
                             const std::vector<Function>& functions, const std::set<std::string>& externs) {
    Relocations result;
    const Elf64_Shdr& code = elf.sections()[section.sh_info];
    const auto content = elf.content(code);
    const std::size_t count = elf.content(section).size() / sizeof(Elf64_Rel);
    for (std::size_t i = 0; i < count; ++i) {
        Elf64_Rel entry{};
        (void)elf.read(section.sh_offset + i * sizeof(entry), entry);
        const std::size_t symbol = ELF64_R_SYM(entry.r_info);
        const bool constant = ELF64_R_TYPE(entry.r_info) == kRelocation64 && symbol < symbols.size() &&
                              is_undefined(symbols[symbol]) && !externs.contains(symbols[symbol].name) &&
                              entry.r_offset % kSlot == 0 && content.size() >= 2 * kSlot &&
                              entry.r_offset <= content.size() - 2 * kSlot &&
                              content[entry.r_offset] == std::byte{kLoadImmediate};
        if (!constant) {
            result.kept.push_back(entry);
            continue;
        }
        AsmUse use{{}, 0, code.sh_offset + entry.r_offset};
        for (const Function& function : functions) {
            if (function.section != section.sh_info || entry.r_offset < function.start ||
                entry.r_offset - function.start >= function.size) {
                continue;
            }
            use.program = function.name;
            use.index = (entry.r_offset - function.start) / kSlot;
        }
        result.found.emplace_back(symbols[symbol].name, std::move(use));
    }
    return result;
}

void write_value(Bytes& bytes, std::size_t position, std::uint64_t value) {
    const auto low = static_cast<std::uint32_t>(value);
    const auto high = static_cast<std::uint32_t>(value >> 32U);
    std::memcpy(bytes.data() + position + 4, &low, sizeof(low));
    std::memcpy(bytes.data() + position + kSlot + 4, &high, sizeof(high));
}

}  // namespace

Result<std::uint64_t> asm_value(const Constant& constant, const std::string& program,
                                const std::string& object) {
    const Bytes given = constant.value_for ? constant.value_for(program) : constant.value;
    std::uint64_t value = 0;
    if (given.size() != sizeof(value)) {
        return Error{ErrorCode::invalid_argument,
                     "constant '" + constant.name + "' of '" + object +
                         "' is an assembler symbol of 8 bytes, the value given has " +
                         std::to_string(given.size())};
    }
    std::memcpy(&value, given.data(), sizeof(value));
    return value;
}

Bytes& ObjectImage::writable() {
    if (!copy_) copy_.emplace(original_.begin(), original_.end());
    return *copy_;
}

ObjectImage ObjectImage::open(std::span<const std::byte> bytes) {
    ObjectImage image(bytes);
    const Elf elf(bytes);
    const std::vector<Symbol> symbols = read_symbols(elf);
    if (std::ranges::none_of(symbols, is_undefined)) return image;
    const std::set<std::string> externs = declared_externs(elf);
    const std::vector<Function> functions = read_functions(elf, symbols);
    for (std::size_t i = 0; i < elf.sections().size(); ++i) {
        const Elf64_Shdr& section = elf.sections()[i];
        if (section.sh_type != SHT_REL || section.sh_info >= elf.sections().size()) continue;
        if ((elf.sections()[section.sh_info].sh_flags & SHF_EXECINSTR) == 0) continue;
        Relocations relocations = read_relocations(elf, section, symbols, functions, externs);
        if (relocations.found.empty()) continue;
        Bytes& copy = image.writable();
        std::memcpy(copy.data() + section.sh_offset, relocations.kept.data(),
                    relocations.kept.size() * sizeof(Elf64_Rel));
        Elf64_Shdr shorter = section;
        shorter.sh_size = relocations.kept.size() * sizeof(Elf64_Rel);
        std::memcpy(copy.data() + elf.header_position(i), &shorter, sizeof(shorter));
        for (auto& [name, use] : relocations.found) image.uses_[name].push_back(std::move(use));
    }
    // A local undefined symbol is none of libbpf's business.
    for (const Symbol& symbol : symbols) {
        if (!is_undefined(symbol) || !image.uses_.contains(symbol.name)) continue;
        Elf64_Sym local = symbol.entry;
        local.st_info = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE);
        std::memcpy(image.writable().data() + symbol.position, &local, sizeof(local));
    }
    return image;
}

Result<void> ObjectImage::set_constants(std::span<const Constant> constants, const std::string& object) {
    for (const Constant& constant : constants) {
        const auto found = uses_.find(constant.name);
        if (found == uses_.end() || !constant.probes.empty()) continue;
        for (const AsmUse& use : found->second) {
            GADGET_TRY_ASSIGN(const std::uint64_t value, asm_value(constant, use.program, object));
            write_value(writable(), use.position, value);
        }
    }
    return {};
}

Result<void> ObjectImage::patch(std::span<const InstructionPatcher> patchers) {
    if (patchers.empty()) return {};
    const Elf elf(original_);
    for (const Function& function : read_functions(elf, read_symbols(elf))) {
        const std::size_t position = elf.sections()[function.section].sh_offset + function.start;
        std::vector<Instruction> instructions(function.size / kSlot);
        Bytes& copy = writable();
        std::memcpy(instructions.data(), copy.data() + position, instructions.size() * kSlot);
        for (const InstructionPatcher& patcher : patchers) {
            GADGET_TRY(
                patcher(function.name, instructions).context("while patching '" + function.name + "'"));
        }
        std::memcpy(copy.data() + position, instructions.data(), instructions.size() * kSlot);
    }
    return {};
}

}  // namespace gadget::runtime
