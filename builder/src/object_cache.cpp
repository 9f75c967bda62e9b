// SPDX-License-Identifier: Apache-2.0
#include "object_cache.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/file.h>

#include <algorithm>
#include <cstring>

#include "compile_job.h"
#include "gadget/support/files.h"
#include "gadget/support/unique_fd.h"
#include "wire_stream.h"

namespace gadget::builder {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSuffix = ".object";

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return hash;
}

std::string hex(std::uint64_t value) {
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
    return text;
}

// The GNU build id in the notes of one segment, empty if there is none.
std::string build_id_in(std::string_view notes) {
    while (notes.size() >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) header;
        std::memcpy(&header, notes.data(), sizeof header);
        const std::size_t name_size = (std::size_t{header.n_namesz} + 3) & ~std::size_t{3};
        const std::size_t size =
            sizeof header + name_size + ((std::size_t{header.n_descsz} + 3) & ~std::size_t{3});
        if (size > notes.size()) return {};
        if (header.n_type == NT_GNU_BUILD_ID &&
            notes.substr(sizeof header, header.n_namesz) == std::string_view("GNU", 4)) {
            return std::string(notes.substr(sizeof header + name_size, header.n_descsz));
        }
        notes.remove_prefix(size);
    }
    return {};
}

// The build id of this executable, empty if it was linked without.
std::string own_build_id() {
    std::string id;
    // The first object is the executable; a non-zero return ends the iteration.
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* result) {
            for (int i = 0; i < info->dlpi_phnum; ++i) {
                const ElfW(Phdr)& segment = info->dlpi_phdr[i];
                if (segment.p_type != PT_NOTE) continue;
                const auto* notes = reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
                std::string found = build_id_in({notes, segment.p_memsz});
                if (!found.empty()) *static_cast<std::string*>(result) = std::move(found);
            }
            return 1;
        },
        &id);
    return id;
}

// What of a request shapes the object, the contents of its folders aside. The folders themselves do not.
std::string key_of(const ChildRequest& request, const std::string& build_id) {
    ChildRequest shape = request;
    shape.source = make_source_path(request);
    shape.folder.clear();
    for (std::string& dir : shape.include_dirs) dir.clear();
    Writer writer;
    writer.string("GadgetKit object 3");
    writer.string(build_id);
    writer.string(encode(shape));
    return writer.take();
}

bool still_true(const Lookup& lookup, FileStore& files) {
    switch (lookup.found) {
        case Found::nothing:
            return files.find(lookup.path) == nullptr;
        case Found::directory:
            return files.is_directory(lookup.path);
        case Found::no_directory:
            return !files.is_directory(lookup.path);
        case Found::file: {
            const StoredFile* file = files.find(lookup.path);
            return file != nullptr && file->content == lookup.content;
        }
    }
    return false;
}

struct Entry {
    std::vector<Lookup> lookups;
    std::vector<SymbolLocation> symbols;
    std::string object;
};

std::string encode_entry(const std::string& key, std::span<const Lookup> lookups, const Output& output) {
    Writer writer;
    writer.string(key);
    writer.number(static_cast<std::uint32_t>(lookups.size()));
    for (const Lookup& lookup : lookups) writer.string(encode(lookup));
    writer.number(static_cast<std::uint32_t>(output.symbols.size()));
    for (const SymbolLocation& symbol : output.symbols) writer.string(encode(symbol));
    writer.string(as_text(output.object));
    std::string text = writer.take();
    return text + hex(fnv1a(text, 0xcbf29ce484222325ULL));
}

std::optional<Entry> decode_entry(std::string_view text, const std::string& key) {
    if (text.size() < 16) return std::nullopt;
    const std::string_view checksum = text.substr(text.size() - 16);
    text.remove_suffix(16);
    if (hex(fnv1a(text, 0xcbf29ce484222325ULL)) != checksum) return std::nullopt;
    Reader reader(text);
    Entry entry;
    if (reader.string() != key) return std::nullopt;
    for (std::uint32_t count = reader.number(); reader.ok() && count > 0; --count) {
        auto lookup = decode_lookup(reader.string());
        if (!lookup) return std::nullopt;
        entry.lookups.push_back(std::move(*lookup));
    }
    for (std::uint32_t count = reader.number(); reader.ok() && count > 0; --count) {
        auto symbol = decode_symbol(reader.string());
        if (!symbol) return std::nullopt;
        entry.symbols.push_back(std::move(*symbol));
    }
    entry.object = reader.string();
    if (!reader.finished()) return std::nullopt;
    return entry;
}

}  // namespace

ObjectCache::ObjectCache(fs::path dir) : dir_(std::move(dir)) {
    if (dir_.empty()) return;
    build_id_ = own_build_id();
    if (build_id_.empty()) dir_.clear();
}

fs::path ObjectCache::entry_path(const std::string& key, std::string_view source) const {
    const std::uint64_t one = fnv1a(source, fnv1a(key, 0xcbf29ce484222325ULL));
    const std::uint64_t two = fnv1a(key, fnv1a(source, 0x84222325cbf29ce4ULL));
    return dir_ / (hex(one) + hex(two) + std::string(kSuffix));
}

std::optional<Output> ObjectCache::find(const ChildRequest& request) const {
    const std::string key = key_of(request, build_id_);
    const auto source = read_text_file(request.source, FileStore::kMaxFile);
    if (!source) return std::nullopt;
    const fs::path path = entry_path(key, *source);
    const auto bytes = read_file(path, kMaxBytes);
    if (!bytes) return std::nullopt;
    auto entry = decode_entry(as_text(*bytes), key);
    if (!entry) return std::nullopt;
    FileStore files;
    (void)make_job(request, files);
    for (const Lookup& lookup : entry->lookups) {
        if (!still_true(lookup, files)) return std::nullopt;
    }
    std::error_code ignored;  // only decides what is evicted first
    fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
    const auto object = as_bytes(entry->object);
    return Output{request.arch, {object.begin(), object.end()}, files.inputs(), std::move(entry->symbols)};
}

void ObjectCache::store(const ChildRequest& request, std::span<const Lookup> lookups,
                        const Output& output) const {
    const std::string key = key_of(request, build_id_);
    const std::string source_path = make_source_path(request);
    const auto source = std::find_if(lookups.begin(), lookups.end(), [&](const Lookup& lookup) {
        return lookup.path == source_path && lookup.found == Found::file;
    });
    if (source == lookups.end() || !gadget::create_directories(dir_)) return;
    if (!write_file_atomic(entry_path(key, source->content), encode_entry(key, lookups, output), 0600))
        return;
    evict();
}

void ObjectCache::evict() const {
    // One at a time is enough: who finds the folder locked leaves the work to the other.
    const UniqueFd folder(::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) return;
    struct Stored {
        fs::path path;
        fs::file_time_type time;
        std::uintmax_t size;
    };
    std::vector<Stored> entries;
    std::uintmax_t total = 0;
    std::error_code error;
    for (fs::directory_iterator entry(dir_, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        std::error_code gone;
        const Stored found{entry->path(), entry->last_write_time(gone), entry->file_size(gone)};
        if (gone || found.path.extension() != kSuffix) continue;
        entries.push_back(found);
        total += found.size;
    }
    std::sort(entries.begin(), entries.end(),
              [](const Stored& a, const Stored& b) { return a.time < b.time; });
    std::size_t left = entries.size();
    for (const Stored& oldest : entries) {
        if (total <= kMaxBytes && left <= kMaxEntries) return;
        std::error_code gone;
        fs::remove(oldest.path, gone);
        total -= oldest.size;
        --left;
    }
}

}  // namespace gadget::builder
