// SPDX-License-Identifier: Apache-2.0
// Diagnostic: a finding about the user's input, as a plain value with a stable id, a location and a hint.
// Whoever finds something reports it to a DiagnosticSink; only the command line prints.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gadget {

enum class Severity : std::uint8_t { note, warning, error };

[[nodiscard]] std::string_view to_string(Severity severity);

/// 1-based; 0 means unknown. Columns count bytes.
struct SourceRange {
    std::string file{};
    unsigned line = 0;
    unsigned column = 0;
    unsigned end_line = 0;
    unsigned end_column = 0;

    friend bool operator==(const SourceRange&, const SourceRange&) = default;
};

/// A place in a compiled object: "program 'on_open', instruction 12".
struct ObjectLocation {
    std::string object{};   ///< file name, or "amd64 object"
    std::string symbol{};   ///< program, map or variable; may be empty
    long instruction = -1;  ///< index in the program, -1 = not about one

    friend bool operator==(const ObjectLocation&, const ObjectLocation&) = default;
};

using Location = std::variant<std::monostate, SourceRange, ObjectLocation>;

struct Note {
    std::string message;
    Location location{};
};

/// Replace the text of `range` by `replacement`.
struct FixIt {
    SourceRange range;
    std::string replacement;
};

struct Diagnostic {
    Severity severity = Severity::error;
    std::string id;       ///< stable lower-case slug, e.g. "unknown-section", or clang's option name
    std::string message;  ///< lower case, no final period
    Location location{};
    std::string hint{};  ///< an action the user can take; empty if there is none
    std::vector<Note> notes{};
    std::vector<FixIt> fixes{};
};

/// Receives findings in the order in which they are found.
class DiagnosticSink {
  public:
    virtual ~DiagnosticSink() = default;
    virtual void report(Diagnostic diagnostic) = 0;
};

/// A sink that keeps everything.
class DiagnosticList final : public DiagnosticSink {
  public:
    void report(Diagnostic diagnostic) override;
    [[nodiscard]] const std::vector<Diagnostic>& all() const { return diagnostics_; }
    [[nodiscard]] std::size_t count(Severity severity) const;
    [[nodiscard]] bool has_errors() const { return count(Severity::error) > 0; }
    /// Sorts by file, position and id and drops exact repetitions, so that the output is the same in every
    /// run.
    void sort();
    void promote_warnings();  ///< --strict: warnings become errors

  private:
    std::vector<Diagnostic> diagnostics_;
};

struct RenderOptions {
    bool color = false;
    unsigned tab_width = 8;
};

/// The text of a file, for showing the line of a finding; nullopt when it cannot be read.
using SourceReader = std::function<std::optional<std::string>(const std::string& file)>;

/// A finding as text for people: "file:line:column: error: message [id]", the source line with a caret, notes
/// and hint. Ends with a newline.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, const SourceReader& source,
                                 const RenderOptions& options);

/// "program.bpf.c:3:7" or "amd64 object, program 'x'"; empty when unknown.
[[nodiscard]] std::string to_string(const Location& location);

}  // namespace gadget
