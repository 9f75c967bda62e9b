// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include "wire_stream.h"

namespace gadget::builder {
namespace {

constexpr std::uint32_t kRequestMagic = 0x32'52'4b'47;  // "GKR2"

}  // namespace

std::string encode(const ChildRequest& request) {
    Writer writer;
    writer.number(kRequestMagic);
    writer.string(request.source);
    writer.number(static_cast<std::uint32_t>(request.arch));
    writer.strings(request.include_dirs);
    writer.strings(request.defines);
    writer.strings(request.warnings);
    writer.number(request.whole_kernel_header ? 1 : 0);
    writer.number(request.report_lookups ? 1 : 0);
    writer.string(request.folder);
    writer.strings(request.options);
    return writer.take();
}

std::optional<ChildRequest> decode_request(std::string_view bytes) {
    Reader reader(bytes);
    if (reader.number() != kRequestMagic) return std::nullopt;
    ChildRequest request;
    request.source = reader.string();
    const std::uint32_t arch = reader.number();
    if (arch >= model::kAllArchs.size()) return std::nullopt;
    request.arch = static_cast<model::Arch>(arch);
    request.include_dirs = reader.strings();
    request.defines = reader.strings();
    request.warnings = reader.strings();
    request.whole_kernel_header = reader.number() != 0;
    request.report_lookups = reader.number() != 0;
    request.folder = reader.string();
    request.options = reader.strings();
    if (!reader.finished()) return std::nullopt;
    return request;
}

std::string encode(const Note& note) {
    Writer writer;
    writer.string(note.message);
    writer.location(note.location);
    return writer.take();
}

std::optional<Note> decode_note(std::string_view bytes) {
    Reader reader(bytes);
    Note note;
    note.message = reader.string();
    note.location = reader.location();
    if (!reader.finished()) return std::nullopt;
    return note;
}

std::string encode(const Diagnostic& diagnostic) {
    Writer writer;
    writer.number(static_cast<std::uint32_t>(diagnostic.severity));
    writer.string(diagnostic.id);
    writer.string(diagnostic.message);
    writer.location(diagnostic.location);
    writer.string(diagnostic.hint);
    writer.number(static_cast<std::uint32_t>(diagnostic.notes.size()));
    for (const Note& note : diagnostic.notes) writer.string(encode(note));
    writer.number(static_cast<std::uint32_t>(diagnostic.fixes.size()));
    for (const FixIt& fix : diagnostic.fixes) {
        writer.range(fix.range);
        writer.string(fix.replacement);
    }
    return writer.take();
}

std::optional<Diagnostic> decode_diagnostic(std::string_view bytes) {
    Reader reader(bytes);
    Diagnostic diagnostic;
    const std::uint32_t severity = reader.number();
    if (severity > static_cast<std::uint32_t>(Severity::error)) return std::nullopt;
    diagnostic.severity = static_cast<Severity>(severity);
    diagnostic.id = reader.string();
    diagnostic.message = reader.string();
    diagnostic.location = reader.location();
    diagnostic.hint = reader.string();
    for (std::uint32_t count = reader.number(); reader.ok() && count > 0; --count) {
        auto note = decode_note(reader.string());
        if (!note) return std::nullopt;
        diagnostic.notes.push_back(std::move(*note));
    }
    for (std::uint32_t count = reader.number(); reader.ok() && count > 0; --count) {
        FixIt fix;
        fix.range = reader.range();
        fix.replacement = reader.string();
        diagnostic.fixes.push_back(std::move(fix));
    }
    if (!reader.finished()) return std::nullopt;
    return diagnostic;
}

std::string encode(const Lookup& lookup) {
    Writer writer;
    writer.string(lookup.path);
    writer.number(static_cast<std::uint32_t>(lookup.found));
    writer.string(lookup.content);
    return writer.take();
}

std::optional<Lookup> decode_lookup(std::string_view bytes) {
    Reader reader(bytes);
    Lookup lookup;
    lookup.path = reader.string();
    const std::uint32_t found = reader.number();
    if (found > static_cast<std::uint32_t>(Found::file)) return std::nullopt;
    lookup.found = static_cast<Found>(found);
    lookup.content = reader.string();
    if (!reader.finished()) return std::nullopt;
    return lookup;
}

std::string encode(const SymbolLocation& symbol) {
    Writer writer;
    writer.string(symbol.symbol);
    writer.range(symbol.name);
    writer.location(symbol.section ? Location(*symbol.section) : Location(std::monostate()));
    return writer.take();
}

std::optional<SymbolLocation> decode_symbol(std::string_view bytes) {
    Reader reader(bytes);
    SymbolLocation symbol;
    symbol.symbol = reader.string();
    symbol.name = reader.range();
    const Location section = reader.location();
    if (const auto* range = std::get_if<SourceRange>(&section)) symbol.section = *range;
    if (!reader.finished()) return std::nullopt;
    return symbol;
}

std::string encode_record(RecordKind kind, std::string_view payload) {
    Writer writer;
    writer.string(payload);
    return static_cast<char>(kind) + writer.take();
}

std::optional<Record> take_record(std::string_view& stream) {
    if (stream.size() < 5) return std::nullopt;
    const auto kind = static_cast<std::uint8_t>(stream.front());
    const std::uint32_t size = Reader(stream.substr(1, 4)).number();
    if (kind < static_cast<std::uint8_t>(RecordKind::phase) ||
        kind > static_cast<std::uint8_t>(RecordKind::status) || stream.size() - 5 < size) {
        return std::nullopt;
    }
    const Record record{static_cast<RecordKind>(kind), stream.substr(5, size)};
    stream.remove_prefix(5 + std::size_t{size});
    return record;
}

}  // namespace gadget::builder
