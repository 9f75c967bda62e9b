// SPDX-License-Identifier: Apache-2.0
// Runs at build time: packs headers into one archive (format: builder/src/archive.h), writes the assembler
// file that puts it into the executable, and a depfile, so that a changed, new or deleted header is packed
// again.
//
// pack_headers NAME OUTPUT_BASE ITEM...    ITEM: prefix=folder    all *.h below the folder, as prefix/...
//                                               path=file.h       one file
//                                               path=file.h.zst   one file, stored compressed
// Writes OUTPUT_BASE.gkar, .S and .d.
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
namespace {

constexpr int kLevel = 19;
constexpr std::size_t kMaxText = std::size_t{64} << 20;

struct Failure {
    std::string message;
};

struct Input {
    std::map<std::string, fs::path> files;  // archive path -> where it is
    std::set<fs::path> dependencies;
};

std::string read(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream content;
    content << stream.rdbuf();
    if (!stream) throw Failure{"cannot read '" + path.string() + "'"};
    return content.str();
}

// As a stream: `zstd` leaves out the size of what it read from a pipe.
std::string decompress(const std::string& packed, const fs::path& path) {
    ZSTD_DStream* const stream = ZSTD_createDStream();
    std::string text;
    std::string buffer(ZSTD_DStreamOutSize(), '\0');
    ZSTD_inBuffer input{packed.data(), packed.size(), 0};
    std::size_t left = 1;
    for (bool more = true; more && left != 0 && text.size() <= kMaxText;) {
        ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
        left = ZSTD_decompressStream(stream, &output, &input);
        if (ZSTD_isError(left) != 0) break;
        text.append(buffer, 0, output.pos);
        more = input.pos < input.size || output.pos == output.size;
    }
    (void)ZSTD_freeDStream(stream);
    if (left != 0) throw Failure{"'" + path.string() + "' is damaged, or larger than the limit"};
    return text;
}

std::string compress(const std::string& text) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    const std::size_t size = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kLevel);
    if (ZSTD_isError(size) != 0) throw Failure{"cannot compress"};
    packed.resize(size);
    return packed;
}

void add_item(const std::string& item, Input& input) {
    const std::size_t equals = item.find('=');
    if (equals == item.npos) throw Failure{"'" + item + "' is not of the form path=source"};
    const std::string prefix = item.substr(0, equals);
    const fs::path source = item.substr(equals + 1);
    input.dependencies.insert(source);
    if (!fs::is_directory(source)) {
        if (!fs::exists(source)) throw Failure{"'" + source.string() + "' does not exist"};
        input.files[prefix] = source;
        return;
    }
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(source, fs::directory_options::follow_directory_symlink)) {
        if (entry.is_directory()) {
            input.dependencies.insert(entry.path());
        } else if (entry.path().extension() == ".h") {
            const std::string relative = entry.path().lexically_relative(source).generic_string();
            input.files[prefix.empty() ? relative : prefix + '/' + relative] = entry.path();
            input.dependencies.insert(entry.path());
        }
    }
}

std::string u32(std::size_t value) {
    if (value > UINT32_MAX) throw Failure{"archive too large"};
    std::string bytes;
    for (unsigned i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
    return bytes;
}

std::string make_archive(const Input& input) {
    std::string index;
    std::string data;
    for (const auto& [path, source] : input.files) {
        std::string text = read(source);
        if (source.extension() == ".zst") text = decompress(text, source);
        index += static_cast<char>(path.size() & 0xff);
        index += static_cast<char>(path.size() >> 8 & 0xff);
        index += path + u32(data.size()) + u32(text.size());
        data += text + '\0';
    }
    if (data.empty()) throw Failure{"no headers found"};
    const std::string packed_index = compress(index);
    const std::string packed_data = compress(data);
    return "GKAR" + u32(1) + u32(index.size()) + u32(packed_index.size()) + u32(data.size()) +
           u32(packed_data.size()) + packed_index + packed_data;
}

void write(const fs::path& path, const std::string& content) {
    std::ofstream stream(path, std::ios::binary);
    stream << content;
    stream.close();
    if (!stream) throw Failure{"cannot write '" + path.string() + "'"};
}

void run(const std::string& name, const std::string& base, const std::vector<std::string>& items) {
    Input input;
    for (const std::string& item : items) add_item(item, input);
    write(base + ".gkar", make_archive(input));
    const std::string symbol = "gadgetkit_" + name;
    write(base + ".S", "    .section .rodata." + symbol + ",\"a\"\n    .balign 16\n    .globl " + symbol +
                           "_begin\n    .globl " + symbol + "_end\n" + symbol + "_begin:\n    .incbin \"" +
                           base + ".gkar\"\n" + symbol +
                           "_end:\n    .section .note.GNU-stack,\"\",%progbits\n");
    std::string depfile = base + ".S:";
    for (const fs::path& dependency : input.dependencies) depfile += " \\\n  " + dependency.string();
    write(base + ".d", depfile + '\n');
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: pack_headers NAME OUTPUT_BASE ITEM...\n");
        return 2;
    }
    try {
        run(argv[1], argv[2], {argv + 3, argv + argc});
        return 0;
    } catch (const Failure& failure) {
        std::fprintf(stderr, "pack_headers: %s: %s\n", argv[1], failure.message.c_str());
    } catch (const fs::filesystem_error& error) {
        std::fprintf(stderr, "pack_headers: %s: %s\n", argv[1], error.what());
    }
    return 1;
}
