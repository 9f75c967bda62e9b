// SPDX-License-Identifier: Apache-2.0
#include "object_function.h"

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>

#include "gadget/support/text.h"

namespace gadget::session {
namespace {

constexpr std::size_t kSlot = sizeof(bpf_insn);
constexpr std::string_view kSuffix = "_body";

template <class T>
bool read_at(std::span<const std::byte> bytes, std::uint64_t at, T& value) {
    if (at > bytes.size() || sizeof(T) > bytes.size() - at) return false;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return true;
}

template <class T>
void write_at(Bytes& bytes, std::uint64_t at, const T& value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

template <class T>
void append(Bytes& bytes, const T& value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), begin, begin + sizeof value);
}

/// An object whose sections can be read and replaced.
class Elf {
  public:
    static std::optional<Elf> open(Bytes& object) {
        Elf elf(object);
        if (!read_at(object, 0, elf.header_) || std::memcmp(elf.header_.e_ident, ELFMAG, SELFMAG) != 0)
            return std::nullopt;
        for (unsigned i = 0; i < elf.header_.e_shnum; ++i) {
            Elf64_Shdr section{};
            if (!read_at(object, elf.header_.e_shoff + std::uint64_t{i} * sizeof section, section))
                return std::nullopt;
            elf.sections_.push_back(section);
        }
        return elf;
    }

    [[nodiscard]] std::size_t count() const { return sections_.size(); }
    [[nodiscard]] const Elf64_Shdr& section(std::size_t index) const { return sections_[index]; }

    [[nodiscard]] std::span<const std::byte> content(std::size_t index) const {
        const Elf64_Shdr& section = sections_[index];
        if (section.sh_type == SHT_NOBITS || section.sh_offset > object_->size() ||
            section.sh_size > object_->size() - section.sh_offset) {
            return {};
        }
        return std::span<const std::byte>(*object_).subspan(section.sh_offset, section.sh_size);
    }

    /// The new content stands at the end of the file, the old one stays as waste.
    void replace(std::size_t index, const Bytes& content) {
        object_->resize((object_->size() + 7) / 8 * 8);
        sections_[index].sh_offset = object_->size();
        sections_[index].sh_size = content.size();
        object_->insert(object_->end(), content.begin(), content.end());
        write_at(*object_, header_.e_shoff + index * sizeof(Elf64_Shdr), sections_[index]);
    }

    [[nodiscard]] std::string_view text(std::size_t table, std::uint32_t at) const {
        if (table >= sections_.size()) return {};
        const std::string_view all = as_text(content(table));
        if (at >= all.size()) return {};
        const std::string_view rest = all.substr(at);
        return rest.substr(0, rest.find('\0'));
    }

    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const {
        for (std::size_t i = 0; i < sections_.size(); ++i) {
            if (text(header_.e_shstrndx, sections_[i].sh_name) == name) return i;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::optional<std::size_t> symbols() const {
        for (std::size_t i = 0; i < sections_.size(); ++i) {
            if (sections_[i].sh_type == SHT_SYMTAB && sections_[i].sh_link < sections_.size()) return i;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::string_view name(std::size_t index) const {
        return text(header_.e_shstrndx, sections_[index].sh_name);
    }

  private:
    explicit Elf(Bytes& object) : object_(&object) {}

    Bytes* object_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Shdr> sections_;
};

struct Function {
    std::string name;
    Elf64_Sym symbol;
};

std::vector<Function> functions_of(const Elf& elf) {
    std::vector<Function> functions;
    const auto table = elf.symbols();
    if (!table) return functions;
    const auto symbols = elf.content(*table);
    for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size(); at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol{};
        std::memcpy(&symbol, symbols.data() + at, sizeof symbol);
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx >= elf.count()) continue;
        functions.push_back({std::string(elf.text(elf.section(*table).sh_link, symbol.st_name)), symbol});
    }
    return functions;
}

/// .BTF.ext with one more function and line, which say of `added` what they say of `known` (byte offsets in
/// the section that is called `section`). Layout: struct btf_ext_header, include of libbpf; kernel:
/// Documentation/bpf/btf.rst.
class ExtendedBtf {
  public:
    ExtendedBtf(std::span<const std::byte> content, std::string_view strings, std::string_view section)
        : content_(content), strings_(strings), section_(section) {}

    std::optional<Bytes> with(std::uint32_t known, std::uint32_t added) {
        if (!read_at(content_, 0, header_) || header_.length < sizeof header_ ||
            header_.length > content_.size()) {
            return std::nullopt;
        }
        std::optional<Bytes> functions = extend(header_.functions, header_.functions_size, known, added);
        std::optional<Bytes> lines = extend(header_.lines, header_.lines_size, known, added);
        if (!functions || !lines) return std::nullopt;
        const auto rest_begin = std::uint64_t{header_.lines} + header_.lines_size;
        const auto payload = content_.size() - header_.length;
        if (header_.functions != 0 || header_.lines != header_.functions_size || rest_begin > payload)
            return std::nullopt;  // no compiler orders it in another way
        Bytes out(content_.begin(), content_.begin() + header_.length);
        out.insert(out.end(), functions->begin(), functions->end());
        out.insert(out.end(), lines->begin(), lines->end());
        const auto rest = content_.subspan(header_.length + rest_begin);
        out.insert(out.end(), rest.begin(), rest.end());
        const auto more_functions = static_cast<std::uint32_t>(functions->size()) - header_.functions_size;
        const auto more_lines = static_cast<std::uint32_t>(lines->size()) - header_.lines_size;
        header_.lines += more_functions;
        header_.functions_size += more_functions;
        header_.lines_size += more_lines;
        write_at(out, 0, header_);
        constexpr std::size_t kRelocations = sizeof(Header);  // u32 offset, u32 size, in newer objects
        if (header_.length >= kRelocations + 8) {
            std::uint32_t at = 0;
            (void)read_at(content_, kRelocations, at);
            write_at(out, kRelocations, at + more_functions + more_lines);
        }
        return out;
    }

  private:
    struct Header {
        std::uint16_t magic;
        std::uint8_t version;
        std::uint8_t flags;
        std::uint32_t length;
        std::uint32_t functions;
        std::uint32_t functions_size;
        std::uint32_t lines;
        std::uint32_t lines_size;
    };

    /// One of the two tables: u32 size of a record, then for each section u32 name, u32 count and the
    /// records, which begin with a byte offset. The new one is the last of its section.
    std::optional<Bytes> extend(std::uint32_t begin, std::uint32_t size, std::uint32_t known,
                                std::uint32_t added) const {
        const auto payload = content_.subspan(header_.length);
        if (begin > payload.size() || size > payload.size() - begin) return std::nullopt;
        const auto table = payload.subspan(begin, size);
        Bytes out(table.begin(), table.end());
        std::uint32_t record = 0;
        if (size == 0) return out;
        if (!read_at(table, 0, record) || record < 8 || record > 4096) return std::nullopt;
        for (std::size_t at = 4; at + 8 <= table.size();) {
            std::uint32_t name = 0;
            std::uint32_t count = 0;
            (void)read_at(table, at, name);
            (void)read_at(table, at + 4, count);
            if (count > (table.size() - at - 8) / record) return std::nullopt;
            const std::size_t records = at + 8;
            const std::size_t end = records + std::size_t{count} * record;
            if (name < strings_.size() &&
                strings_.substr(name, strings_.find('\0', name) - name) == section_) {
                for (std::size_t each = records; each < end; each += record) {
                    std::uint32_t offset = 0;
                    (void)read_at(table, each, offset);
                    if (offset != known) continue;
                    Bytes copy(table.begin() + static_cast<std::ptrdiff_t>(each),
                               table.begin() + static_cast<std::ptrdiff_t>(each + record));
                    write_at(copy, 0, added);
                    out.insert(out.begin() + static_cast<std::ptrdiff_t>(end), copy.begin(), copy.end());
                    write_at(out, at + 4, count + 1);
                    return out;
                }
            }
            at = end;
        }
        return out;  // nothing is said of the known one either
    }

    std::span<const std::byte> content_;
    std::string_view strings_;
    std::string_view section_;
    Header header_{};
};

bpf_insn instruction(std::uint8_t code) {
    bpf_insn made{};
    made.code = code;
    return made;
}

Error wrong(const std::string& name, const std::string& why) {
    return Error{.code = ErrorCode::rejected_input, .message = "function '" + printable(name) + "' " + why};
}

/// Strings of a .BTF section (struct btf_header, include/uapi/linux/btf.h).
std::string_view btf_strings(std::span<const std::byte> btf) {
    std::uint32_t header = 0;
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    if (!read_at(btf, 4, header) || !read_at(btf, 16, begin) || !read_at(btf, 20, size)) return {};
    const std::uint64_t at = std::uint64_t{header} + begin;
    if (at > btf.size() || size > btf.size() - at) return {};
    return as_text(btf.subspan(at, size));
}

Result<void> describe(Elf& elf, const Function& function, std::uint32_t added) {
    const auto btf = elf.find(".BTF");
    const auto extended = elf.find(".BTF.ext");
    if (!btf || !extended) return {};
    ExtendedBtf info(elf.content(*extended), btf_strings(elf.content(*btf)),
                     elf.name(function.symbol.st_shndx));
    const auto content = info.with(static_cast<std::uint32_t>(function.symbol.st_value), added);
    if (!content) return wrong(function.name, "cannot get another body: the object's .BTF.ext is damaged");
    elf.replace(*extended, *content);
    return {};
}

void add_symbol(Elf& elf, const Function& function, std::uint64_t at, std::uint64_t size) {
    const std::size_t table = *elf.symbols();
    const std::size_t strings = elf.section(table).sh_link;
    const auto old_names = elf.content(strings);
    Bytes names(old_names.begin(), old_names.end());
    Elf64_Sym symbol = function.symbol;
    symbol.st_name = static_cast<std::uint32_t>(names.size());
    // Behind all others it has to be global; hidden, it still is a function of this object only.
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_other = STV_HIDDEN;
    symbol.st_value = at;
    symbol.st_size = size;
    for (const char c : function.name + std::string(kSuffix) + '\0')
        names.push_back(static_cast<std::byte>(c));
    elf.replace(strings, names);
    const auto old_symbols = elf.content(table);
    Bytes symbols(old_symbols.begin(), old_symbols.end());
    append(symbols, symbol);
    elf.replace(table, symbols);
}

}  // namespace

std::vector<std::string> functions_with_prefix(const Bytes& object, std::string_view prefix) {
    Bytes copy = object;
    const auto elf = Elf::open(copy);
    std::set<std::string> names;
    if (!elf) return {};
    for (const auto& function : functions_of(*elf)) {
        if (function.name.starts_with(prefix)) names.insert(function.name);
    }
    return {names.begin(), names.end()};
}

Result<void> replace_function(Bytes& object, const std::string& name, std::span<const bpf_insn> body) {
    auto elf = Elf::open(object);
    if (!elf) return wrong(name, "cannot get another body: this is no object");
    const auto functions = functions_of(*elf);
    const auto found = std::ranges::find(functions, name, &Function::name);
    if (found == functions.end()) return wrong(name, "is not in the object");
    const std::size_t section = found->symbol.st_shndx;
    const auto old_code = elf->content(section);
    const std::uint64_t begin = found->symbol.st_value;
    const std::uint64_t size = found->symbol.st_size;
    constexpr std::size_t kCall = 2;  // the call and the return
    if (begin % kSlot != 0 || old_code.size() % kSlot != 0 || begin > old_code.size() ||
        size > old_code.size() - begin || size < kCall * kSlot) {
        return wrong(name, "cannot get another body: it has " + std::to_string(size) + " bytes");
    }
    Bytes code(old_code.begin(), old_code.end());
    const std::size_t at = (begin + size) / kSlot - kCall;
    // Jumps to the next instruction: the kernel wants every instruction to be reached.
    for (std::size_t i = begin / kSlot; i < at; ++i) write_at(code, i * kSlot, instruction(BPF_JMP | BPF_JA));
    bpf_insn call = instruction(BPF_JMP | BPF_CALL);
    call.src_reg = BPF_PSEUDO_CALL;
    call.imm = static_cast<std::int32_t>(code.size() / kSlot - at - 1);
    write_at(code, at * kSlot, call);
    write_at(code, (at + 1) * kSlot, instruction(BPF_JMP | BPF_EXIT));
    const std::uint64_t added = code.size();
    for (const auto& each : body) append(code, each);
    const Function function = *found;
    GADGET_TRY(describe(*elf, function, static_cast<std::uint32_t>(added)));
    elf->replace(section, code);
    add_symbol(*elf, function, added, body.size() * kSlot);
    return {};
}

}  // namespace gadget::session
