// SPDX-License-Identifier: Apache-2.0
// JSON and YAML. The tree of fields is flattened once into steps "text before the value, value"; braces,
// commas, keys and indentation are all in the texts, so that a record is one pass over a list.
#include <algorithm>
#include <cstring>

#include "escape.h"
#include "evaluator.h"
#include "gadget/events/writers.h"
#include "output_buffer.h"

namespace gadget::events {
namespace {

using detail::Evaluator;
using detail::Node;
using detail::Op;
using detail::OutputBuffer;
using detail::Plan;
using detail::Style;
using detail::View;

/// Prefixes are copied in whole blocks.
constexpr std::size_t kBlock = 16;

struct Step {
    const Node* node = nullptr;
    const char* prefix = nullptr;  ///< in Program::texts, padded to whole blocks
    std::uint32_t prefix_size = 0;
    std::uint32_t indent = 0;  ///< of the line that the value is on
    std::size_t room = 0;      ///< prefix and value; 0 = ask for each record
};

struct Program {
    std::vector<Step> steps;
    std::string texts;
    std::string suffix;
};

/// Characters that YAML takes for nothing else than text, when the first one is a letter, '_' or '/'.
bool is_plain_yaml(std::string_view text) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
    };
    if (text.empty() || text.size() > 512 || !letter(text.front())) return false;
    for (const char c : text) {
        if (!letter(c) && (c < '0' || c > '9') && c != '.' && c != '-' && c != '+') return false;
    }
    constexpr std::string_view kReserved[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    const std::string lower = detail::to_lower(text);
    return std::find(std::begin(kReserved), std::end(kReserved), lower) == std::end(kReserved);
}

class ProgramBuilder {
  public:
    ProgramBuilder(const Plan& plan, TextFormat format, unsigned depth)
        : plan_(plan), format_(format), depth_(depth) {
        children_.resize(plan.nodes.size() + 1);
        for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
            const Node& node = plan.nodes[i];
            if (node.unreferenced || node.json_skip) continue;
            children_[static_cast<std::size_t>(node.parent) + 1].push_back(i);
        }
        for (auto& list : children_) {
            std::sort(list.begin(), list.end(), [&](std::size_t a, std::size_t b) {
                return plan_.nodes[a].name < plan_.nodes[b].name;
            });
        }
    }

    Program build() {
        if (format_ == TextFormat::yaml) {
            pending_ = "---\n";
            add_yaml(0, 0);
        } else {
            add_object(0, depth_);
        }
        Program program;
        for (const std::string& prefix : prefixes_) {
            std::string padded = prefix;
            padded.resize((prefix.size() + kBlock - 1) / kBlock * kBlock, ' ');
            program.texts += padded;
        }
        std::size_t at = 0;
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            steps_[i].prefix = program.texts.data() + at;
            at += (prefixes_[i].size() + kBlock - 1) / kBlock * kBlock;
        }
        program.steps = std::move(steps_);
        program.suffix = std::move(pending_);
        return program;
    }

  private:
    void add_step(std::size_t index, unsigned indent) {
        const Node& node = plan_.nodes[index];
        Step step;
        step.node = &node;
        step.prefix_size = static_cast<std::uint32_t>(pending_.size());
        step.indent = indent;
        if (node.op != Op::tail && node.op != Op::kernel_stack) {
            step.room = pending_.size() + kBlock + max_text(plan_, node) + detail::kEscapeSlack;
        }
        steps_.push_back(step);
        prefixes_.push_back(std::move(pending_));
        pending_.clear();
    }

    void add_line(unsigned depth) {
        if (format_ == TextFormat::json_pretty) pending_ += "\n" + std::string(depth * 2, ' ');
    }

    void add_object(std::size_t list, unsigned depth) {
        pending_ += '{';
        bool first = true;
        for (const std::size_t index : children_[list]) {
            const Node& node = plan_.nodes[index];
            if (!first) pending_ += ',';
            first = false;
            add_line(depth + 1);
            pending_ +=
                '"' + detail::json_escaped(node.name) + (format_ == TextFormat::json ? "\":" : "\": ");
            if (node.op == Op::container)
                add_object(index + 1, depth + 1);
            else
                add_step(index, (depth + 1) * 2);
        }
        if (!first) add_line(depth);
        pending_ += '}';
    }

    void add_yaml(std::size_t list, unsigned depth) {
        for (const std::size_t index : children_[list]) {
            const Node& node = plan_.nodes[index];
            pending_ += std::string(depth * 2, ' ');
            pending_ += is_plain_yaml(node.name) ? node.name : '"' + detail::json_escaped(node.name) + '"';
            if (node.op != Op::container) {
                pending_ += ": ";
                add_step(index, 0);
                pending_ += "\n";
            } else if (children_[index + 1].empty()) {
                pending_ += ": {}\n";
            } else {
                pending_ += ":\n";
                add_yaml(index + 1, depth + 1);
            }
        }
        if (list == 0 && children_[0].empty()) pending_ += "{}\n";
    }

    const Plan& plan_;
    TextFormat format_;
    unsigned depth_;
    std::vector<std::vector<std::size_t>> children_;  ///< by parent + 1
    std::vector<Step> steps_;
    std::vector<std::string> prefixes_;
    std::string pending_;
};

char* copy_blocks(char* out, const char* from, std::uint32_t size) {
    for (std::uint32_t done = 0; done < size; done += kBlock) std::memcpy(out + done, from + done, kBlock);
    return out + size;
}

/// "[1,2]" between `from` and `end` with a line for each element.
char* spread_array(char* from, char* end, unsigned indent) {
    const std::string compact(from, end);
    if (compact == "[]") return end;
    const std::string line = "\n" + std::string(indent, ' ');
    std::string text;
    for (const char c : compact) {
        if (c == ']') text += line;
        text += c;
        if (c == '[' || c == ',') text += line + "  ";
    }
    std::memcpy(from, text.data(), text.size());
    return from + text.size();
}

char* unquote_yaml(char* from, char* end) {
    if (end - from < 2 || *from != '"' ||
        !is_plain_yaml({from + 1, static_cast<std::size_t>(end - from - 2)}))
        return end;
    std::memmove(from, from + 1, static_cast<std::size_t>(end - from - 2));
    return end - 2;
}

}  // namespace

struct JsonWriter::Impl {
    Impl(const DataSource& source, TextFormat text_format)
        : plan(source.plan()),
          format(text_format),
          evaluator(*plan),
          view(plan->record_size),
          program(ProgramBuilder(*plan, format, 0).build()) {
        if (format == TextFormat::json_pretty) in_batch = ProgramBuilder(*plan, format, 1).build();
    }

    void write(const Program& chosen, Record record, std::string& out) {
        const View bytes = view(record);
        char* at = buffer.begin();
        for (const Step& step : chosen.steps) {
            at = buffer.reserve(
                at,
                step.room != 0 ? step.room : step.prefix_size + kBlock + evaluator.room(*step.node, bytes),
                out);
            at = copy_blocks(at, step.prefix, step.prefix_size);
            if (format == TextFormat::json) [[likely]]
                at = evaluator.write<Style::json>(*step.node, bytes, at);
            else
                at = write_formatted(step, bytes, at, out);
        }
        at = buffer.reserve(at, chosen.suffix.size(), out);
        std::memcpy(at, chosen.suffix.data(), chosen.suffix.size());
        buffer.flush(at + chosen.suffix.size(), out);
    }

    char* write_formatted(const Step& step, const View& bytes, char* at, std::string& out) {
        if (step.node->op == Op::array && format == TextFormat::json_pretty) {
            const std::size_t lines = std::size_t{step.node->count + 1} * (step.indent + 4);
            at = buffer.reserve(at, max_text(*plan, *step.node) + lines, out);
            return spread_array(at, evaluator.write<Style::json>(*step.node, bytes, at), step.indent);
        }
        char* const end = evaluator.write<Style::json>(*step.node, bytes, at);
        return format == TextFormat::yaml ? unquote_yaml(at, end) : end;
    }

    std::shared_ptr<const Plan> plan;
    TextFormat format;
    Evaluator evaluator;
    detail::ViewMaker view;
    OutputBuffer buffer;
    Program program;
    Program in_batch;  ///< json_pretty: one level deeper
};

JsonWriter::JsonWriter(const DataSource& source, TextFormat format)
    : impl_(std::make_unique<Impl>(source, format)) {}
JsonWriter::JsonWriter(JsonWriter&&) noexcept = default;
JsonWriter& JsonWriter::operator=(JsonWriter&&) noexcept = default;
JsonWriter::~JsonWriter() = default;

void JsonWriter::append(Record record, std::string& out) {
    impl_->write(impl_->program, record, out);
    if (impl_->format != TextFormat::yaml) out += '\n';
}

void JsonWriter::append_batch(std::span<const Record> records, std::string& out) {
    if (impl_->format == TextFormat::yaml) {
        for (const Record record : records) append(record, out);
        return;
    }
    const bool pretty = impl_->format == TextFormat::json_pretty;
    out += '[';
    bool first = true;
    for (const Record record : records) {
        if (!first) out += ',';
        if (pretty) out += "\n  ";
        first = false;
        impl_->write(pretty ? impl_->in_batch : impl_->program, record, out);
    }
    if (pretty && !first) out += '\n';
    out += "]\n";
}

}  // namespace gadget::events
