// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "child_process.h"
#include "gadget/support/text.h"
#include "wire.h"
#include "wire_stream.h"

namespace gadget::builder {
namespace {

constexpr std::size_t kMaxErrorText = std::size_t{1} << 16;

std::string names_of(std::span<const LinkInput> inputs) {
    std::vector<std::string> names;
    for (const LinkInput& input : inputs) names.push_back("'" + input.name + "'");
    return join_words(names);
}

// The linker's first words, without its name and with ours in the place of memory files.
std::string reason_in(std::string text, const std::string& name) {
    text = text.substr(0, text.find('\n'));
    for (const std::string_view start : {"libbpf: ", "linker: "}) {
        if (text.starts_with(start)) text.erase(0, start.size());
    }
    constexpr std::string_view kPath = "/proc/self/fd/";
    for (std::size_t at = text.find(kPath); at != text.npos; at = text.find(kPath, at + 1)) {
        std::size_t end = at + kPath.size();
        while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
        text.replace(at, end - at, name);
    }
    return printable(text);
}

}  // namespace

Result<std::vector<std::byte>> link(std::span<const LinkInput> inputs, const Options& options) {
    std::vector<std::string> objects;
    for (const LinkInput& input : inputs) objects.emplace_back(as_text(input.object));
    Writer request;
    request.strings(objects);
    GADGET_TRY_ASSIGN(ChildProcess child, start_child(options, "__link", as_bytes(request.take())));
    GADGET_TRY_ASSIGN(const ExitStatus exit, child.process.wait(options.timeout));
    GADGET_TRY_ASSIGN(const Bytes stream, content_of(child.records, kMaxBinaryFile, "result of the linker"));
    std::string_view rest = as_text(stream);
    std::vector<std::byte> linked;
    bool done = false;
    std::size_t current = 0;  // what the linker was at
    while (const auto record = take_record(rest)) {
        if (record->kind == RecordKind::phase) ++current;
        if (record->kind == RecordKind::object) {
            const auto bytes = as_bytes(record->payload);
            linked.assign(bytes.begin(), bytes.end());
        }
        if (record->kind == RecordKind::status && !record->payload.empty())
            done = static_cast<ChildStatus>(record->payload.front()) == ChildStatus::done;
    }
    if (exit.success() && done && !linked.empty()) return linked;
    current = std::clamp<std::size_t>(current, 1, inputs.size());
    const auto text = content_of(child.error_text, kMaxErrorText, "messages of the linker");
    std::string why = text ? reason_in(std::string(as_text(*text)), inputs[current - 1].name) : std::string();
    if (why.empty())
        why = exit.success() ? "the linker gives no reason" : "the linker ended with " + exit.to_string();
    return Error{ErrorCode::rejected_input, "cannot link " + names_of(inputs) + ": " + why,
                 "symbols must be defined once, and declared 'extern' elsewhere"};
}

}  // namespace gadget::builder
