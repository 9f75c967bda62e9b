// SPDX-License-Identifier: Apache-2.0
// What a compiler process and its parent say to each other: a request in one piece, and a stream of records
// back, each "u8 kind, u32 length, payload". Records are written as things happen, so what was said before a
// crash stays said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/builder.h"
#include "gadget/model/platform.h"
#include "gadget/support/diagnostic.h"

namespace gadget::builder {

struct ChildRequest {
    std::string source;  ///< real path
    model::Arch arch = model::Arch::amd64;
    std::vector<std::string> include_dirs;
    std::vector<std::string> defines;
    std::vector<std::string> warnings;
    bool whole_kernel_header = false;
    bool report_lookups = false;  ///< tell what was asked of the author's folders, for the cache
    std::string folder{};         ///< real path of what the compiler sees; empty: the folder of the source
    std::vector<std::string> options{};
};

/// What there was under a virtual path that the compiler asked for.
enum class Found : std::uint8_t { nothing, directory, no_directory, file };
struct Lookup {
    std::string path;
    Found found = Found::nothing;
    std::string content;  ///< of a file
};

enum class RecordKind : std::uint8_t {
    phase = 1,  ///< text: what the compiler does now
    diagnostic,
    note,    ///< belongs to the last diagnostic
    lookup,  ///< one question to the author's folders and its answer
    input,   ///< text: a real file that was read
    symbol,  ///< one of Output::symbols, its files by their virtual paths
    object,  ///< bytes
    status,  ///< one byte, ChildStatus; the last record
};

enum class ChildStatus : std::uint8_t { done, rejected };

struct Record {
    RecordKind kind;
    std::string_view payload;
};

std::string encode(const ChildRequest& request);
std::optional<ChildRequest> decode_request(std::string_view bytes);

std::string encode(const Diagnostic& diagnostic);
std::optional<Diagnostic> decode_diagnostic(std::string_view bytes);
std::string encode(const Note& note);
std::optional<Note> decode_note(std::string_view bytes);

std::string encode(const Lookup& lookup);
std::optional<Lookup> decode_lookup(std::string_view bytes);

std::string encode(const SymbolLocation& symbol);
std::optional<SymbolLocation> decode_symbol(std::string_view bytes);

std::string encode_record(RecordKind kind, std::string_view payload);
/// Takes the first record off `stream`; nullopt when there is no whole one.
std::optional<Record> take_record(std::string_view& stream);

}  // namespace gadget::builder
