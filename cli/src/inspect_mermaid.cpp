// SPDX-License-Identifier: Apache-2.0
// How a gadget works, as a picture: https://mermaid.js.org/syntax/flowchart.html. Text of the gadget stands
// in quotes; what has a meaning there or in HTML is written as an entity.
#include <fmt/format.h>

#include <map>

#include "gadget/support/text.h"
#include "inspect_formats.h"

namespace gadget::cli {
namespace {

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : printable(text)) {
        if (std::string_view("\"#<>&`\\").find(c) != std::string_view::npos)
            result += fmt::format("#{};", static_cast<unsigned>(c));
        else
            result += c;
    }
    return result;
}

std::string label(std::string_view name, std::string_view what = {}) {
    return "\"" + escaped(name) + (what.empty() ? "" : "<br/>" + escaped(what)) + "\"";
}

/// Names of nodes are ours: names of the gadget may be words of the language.
class Chart {
  public:
    explicit Chart(const model::ObjectFacts& facts) : facts_(facts) {}

    std::string draw() {
        text_ = "flowchart LR\n";
        for (std::size_t i = 0; i < facts_.maps.size(); ++i) {
            maps_.emplace(facts_.maps[i].name, "map" + std::to_string(i));
            text_ +=
                fmt::format("    map{}[({})]\n", i, label(facts_.maps[i].name, facts_.maps[i].type_name));
        }
        for (std::size_t i = 0; i < facts_.programs.size(); ++i) draw_program(i, facts_.programs[i]);
        for (const auto& tracer : facts_.tracers) draw_source(tracer.name, "tracer", maps_, {tracer.map});
        for (const auto& iterator : facts_.map_iterators)
            draw_source(iterator.name, "map iterator", maps_, {iterator.map});
        for (const auto& iterator : facts_.iterators)
            draw_source(iterator.name, "iterator", programs_, iterator.programs);
        return text_;
    }

  private:
    using Nodes = std::map<std::string, std::string, std::less<>>;

    void draw_program(std::size_t number, const model::ProgramFacts& program) {
        const std::string node = "program" + std::to_string(number);
        programs_.emplace(program.name, node);
        text_ += fmt::format("    {}[{}]\n", node, label(program.name));
        // Programs on one hook share it.
        const auto [hook, is_new] = hooks_.emplace(program.section, "hook" + std::to_string(hooks_.size()));
        if (is_new) text_ += fmt::format("    {}{{{{{}}}}}\n", hook->second, label(program.section));
        text_ += fmt::format("    {} --> {}\n", hook->second, node);
        for (const auto& map : program.maps) {
            if (const auto found = maps_.find(map); found != maps_.end())
                text_ += fmt::format("    {} --- {}\n", node, found->second);
        }
    }

    void draw_source(std::string_view name, std::string_view kind, const Nodes& nodes,
                     const std::vector<std::string>& from) {
        const std::string node = "source" + std::to_string(sources_++);
        text_ += fmt::format("    {}([{}])\n", node, label(name, kind));
        for (const auto& origin : from) {
            if (const auto found = nodes.find(origin); found != nodes.end())
                text_ += fmt::format("    {} ==> {}\n", found->second, node);
        }
    }

    const model::ObjectFacts& facts_;
    std::string text_;
    Nodes maps_;
    Nodes programs_;
    Nodes hooks_;
    std::size_t sources_ = 0;
};

}  // namespace

std::string inspect_mermaid(const LoadedGadget& gadget) {
    const auto* object = object_to_show(gadget);
    return object == nullptr ? std::string("flowchart LR\n") : Chart(object->facts).draw();
}

}  // namespace gadget::cli
