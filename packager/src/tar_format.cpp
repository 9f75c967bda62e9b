// SPDX-License-Identifier: Apache-2.0
#include "tar_format.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <unordered_set>

#include "gadget/support/text.h"

namespace gadget::packager {

namespace {

// Offsets in a header block.
constexpr std::size_t kName = 0, kNameLength = 100;
constexpr std::size_t kMode = 100, kUid = 108, kGid = 116;
constexpr std::size_t kSize = 124, kSizeLength = 12;
constexpr std::size_t kMtime = 136;
constexpr std::size_t kChecksum = 148, kChecksumLength = 8;
constexpr std::size_t kType = 156;
constexpr std::size_t kMagic = 257;
constexpr std::size_t kPrefix = 345, kPrefixLength = 155;

constexpr std::uint64_t kMaxExtra = std::uint64_t{64} << 10;  // pax records and long names
constexpr std::size_t kMaxMembers = 100000;
constexpr std::size_t kMaxName = 4096;

void put(TarBlock& block, std::size_t at, std::string_view text) {
    std::memcpy(block.data() + at, text.data(), text.size());
}

unsigned checksum(const TarBlock& block) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < kTarBlock; ++i) {
        const bool inside = i >= kChecksum && i < kChecksum + kChecksumLength;
        sum += inside ? static_cast<unsigned>(' ') : std::to_integer<unsigned>(block[i]);
    }
    return sum;
}

void append_header(Bytes& out, std::string_view name, std::uint64_t size, char type) {
    TarBlock block{};
    put(block, kName, name.substr(0, kNameLength));
    put(block, kMode, "0000644");
    put(block, kUid, "0000000");
    put(block, kGid, "0000000");
    put(block, kSize, fmt::format("{:011o}", size));
    put(block, kMtime, "00000000000");
    put(block, kType, std::string_view(&type, 1));
    put(block, kMagic, std::string_view("ustar\00000", 8));
    put(block, kChecksum, fmt::format("{:06o}", checksum(block)));
    block[kChecksum + 7] = std::byte{' '};
    out.insert(out.end(), block.begin(), block.end());
}

/// "<length> path=<name>\n", where the length counts itself.
std::string pax_path(std::string_view name) {
    const std::string rest = " path=" + std::string(name) + "\n";
    std::size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length)
        length = std::to_string(length).size() + rest.size();
    return std::to_string(length) + rest;
}

std::string text_field(const TarBlock& block, std::size_t at, std::size_t length) {
    const auto field = as_text(std::span(block).subspan(at, length));
    return std::string(field.substr(0, field.find('\0')));
}

/// Octal digits, or GNU's base 256 when the first bit is set.
std::optional<std::uint64_t> number_field(const TarBlock& block, std::size_t at, std::size_t length) {
    const auto first = std::to_integer<unsigned>(block[at]);
    std::uint64_t value = 0;
    if ((first & 0x80U) != 0) {
        if (first != 0x80U) return std::nullopt;  // negative or beyond 64 bits
        for (std::size_t i = 1; i < length; ++i) {
            if (value >> 55U != 0) return std::nullopt;
            value = value << 8U | std::to_integer<std::uint64_t>(block[at + i]);
        }
        return value;
    }
    const std::string field = text_field(block, at, length);
    const std::string_view digits = trim(field);
    if (digits.empty()) return 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

bool is_zero(const TarBlock& block) {
    return std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{0}; });
}

/// What pax records or a GNU long name say about the next member.
struct Overrides {
    std::optional<std::string> name;
    std::optional<std::uint64_t> size;
};

class Scanner {
  public:
    Scanner(int fd, std::uint64_t file_size, const std::string& what)
        : fd_(fd), file_size_(file_size), what_(what) {}

    Result<void> run(const std::function<void(TarMember)>& found) {
        GADGET_TRY(refuse_compressed());
        while (at_ + kTarBlock <= file_size_) {
            TarBlock block;
            GADGET_TRY(read(at_, block));
            if (is_zero(block)) return {};
            GADGET_TRY(member(block, found));
        }
        if (at_ != file_size_) return corrupt("ends in the middle of a header");
        return {};
    }

  private:
    Result<void> member(const TarBlock& block, const std::function<void(TarMember)>& found) {
        const auto sum = number_field(block, kChecksum, kChecksumLength);
        if (!sum || *sum != checksum(block)) return corrupt("damaged header, or not a tar");
        auto size = number_field(block, kSize, kSizeLength);
        if (!size) return corrupt("a member has no valid size");
        const char type = static_cast<char>(block[kType]);
        const bool extra = type == 'x' || type == 'g' || type == 'L';
        if (!extra && next_.size) size = next_.size;
        const std::uint64_t content = at_ + kTarBlock;
        if (*size > file_size_ - content) return corrupt("a member is larger than the file");
        // Both are below the file's size: the sum cannot overflow.
        at_ = std::min(content + *size + tar_padding(*size), file_size_);
        if (extra) return extension(type, content, *size);

        std::string name = next_.name.value_or(header_name(block));
        next_ = {};
        GADGET_TRY_ASSIGN(name, normalise(name));
        if (type == '5') return {};
        if (type != '0' && type != '\0') return refused(name, kind_of(type));
        if (name.empty()) return corrupt("a file has no name");
        if (!names_.insert(name).second) return refused(name, "appears twice");
        if (names_.size() > kMaxMembers) return refused(name, "is one member too many (limit 100000)");
        found(TarMember{.name = std::move(name), .offset = content, .size = *size});
        return {};
    }

    static std::string kind_of(char type) {
        switch (type) {
            case '1':
                return "is a hard link";
            case '2':
                return "is a symbolic link";
            case '3':
            case '4':
                return "is a device";
            case '6':
                return "is a named pipe";
            case 'S':
                return "is a sparse file";
            default:
                return fmt::format("has the unknown type 0x{:02x}", static_cast<unsigned char>(type));
        }
    }

    static std::string header_name(const TarBlock& block) {
        std::string name = text_field(block, kName, kNameLength);
        if (as_text(std::span(block).subspan(kMagic, 6)) == std::string_view("ustar\0", 6)) {
            const std::string prefix = text_field(block, kPrefix, kPrefixLength);
            if (!prefix.empty()) name.insert(0, prefix + "/");
        }
        return name;
    }

    Result<std::string> normalise(const std::string& name) const {
        if (name.starts_with('/')) return refused(name, "is an absolute name");
        std::string clean;
        for (const auto part : split(name, '/')) {
            if (part.empty() || part == ".") continue;
            if (part == "..") return refused(name, "leads out of the archive");
            if (!clean.empty()) clean += '/';
            clean += part;
        }
        if (clean.find('\0') != std::string::npos) return refused(clean, "has a NUL in its name");
        if (clean.size() > kMaxName) return refused(clean.substr(0, 60), "has too long a name");
        return clean;
    }

    Result<void> extension(char type, std::uint64_t offset, std::uint64_t size) {
        if (size > kMaxExtra) return corrupt("an extended header is too large");
        Bytes content(static_cast<std::size_t>(size));
        GADGET_TRY(read(offset, content));
        if (type == 'L') {
            const auto text = as_text(content);
            next_.name = std::string(text.substr(0, text.find('\0')));
            return {};
        }
        return pax_records(as_text(content), type == 'g');
    }

    Result<void> pax_records(std::string_view text, bool global) {
        while (!text.empty()) {
            std::size_t length = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
            const auto digits = static_cast<std::size_t>(end - text.data());
            if (error != std::errc() || length > text.size() || length < digits + 3 || text[digits] != ' ' ||
                text[length - 1] != '\n') {
                return corrupt("damaged extended header");
            }
            const auto record = text.substr(digits + 1, length - digits - 2);
            text.remove_prefix(length);
            const auto equals = record.find('=');
            if (equals == std::string_view::npos) return corrupt("damaged extended header");
            GADGET_TRY(pax_record(record.substr(0, equals), record.substr(equals + 1), global));
        }
        return {};
    }

    Result<void> pax_record(std::string_view key, std::string_view value, bool global) {
        if (key.starts_with("GNU.sparse.")) return corrupt("has a sparse file");
        if (key != "path" && key != "size") return {};
        if (global) return corrupt("an extended header renames all members");
        if (key == "path") {
            next_.name = std::string(value);
            return {};
        }
        std::uint64_t size = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
        if (error != std::errc() || end != value.data() + value.size())
            return corrupt("damaged extended header");
        next_.size = size;
        return {};
    }

    Result<void> refuse_compressed() const {
        std::array<std::byte, 6> start{};
        if (file_size_ < kTarBlock) return corrupt("too short for a tar");
        GADGET_TRY(read(0, start));
        const auto text = as_text(start);
        const char* kind = text.starts_with("\x1f\x8b")           ? "gzip"
                           : text.starts_with("\x28\xb5\x2f\xfd") ? "zstd"
                           : text.starts_with(std::string_view("\xfd"
                                                               "7zXZ\0",
                                                               6))
                               ? "xz"
                           : text.starts_with("BZh") ? "bzip2"
                                                     : nullptr;
        if (kind == nullptr) return {};
        return Error{.code = ErrorCode::unsupported,
                     .message = what_ + " is compressed with " + kind,
                     .hint = "unpack it first: image archives are plain tars"};
    }

    Result<void> read(std::uint64_t offset, std::span<std::byte> target) const {
        while (!target.empty()) {
            const ssize_t count = ::pread(fd_, target.data(), target.size(), static_cast<off_t>(offset));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return errno_error(errno, "cannot read " + what_);
            if (count == 0) return corrupt("ends early");
            target = target.subspan(static_cast<std::size_t>(count));
            offset += static_cast<std::uint64_t>(count);
        }
        return {};
    }

    [[nodiscard]] Error corrupt(const std::string& why) const {
        return Error{.code = ErrorCode::corrupt_data, .message = what_ + ": " + why};
    }
    [[nodiscard]] Error refused(const std::string& name, const std::string& why) const {
        return Error{
            .code = ErrorCode::rejected_input,
            .message = what_ + ": member '" + printable(std::string_view(name).substr(0, 200)) + "' " + why};
    }

    int fd_;
    std::uint64_t file_size_;
    const std::string& what_;
    std::uint64_t at_ = 0;
    Overrides next_;
    std::unordered_set<std::string> names_;
};

}  // namespace

Bytes tar_file_header(const std::string& name, std::uint64_t size) {
    Bytes out;
    if (name.size() > kNameLength) {
        const std::string record = pax_path(name);
        append_header(out, "pax", record.size(), 'x');
        const auto bytes = as_bytes(record);
        out.insert(out.end(), bytes.begin(), bytes.end());
        out.insert(out.end(), tar_padding(record.size()), std::byte{0});
    }
    append_header(out, name, size, '0');
    return out;
}

Result<void> scan_tar(int fd, std::uint64_t file_size, const std::string& what,
                      const std::function<void(TarMember)>& found) {
    return Scanner(fd, file_size, what).run(found);
}

}  // namespace gadget::packager
