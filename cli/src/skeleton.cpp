// SPDX-License-Identifier: Apache-2.0
#include "skeleton.h"

#include <algorithm>
#include <map>

namespace gadget::cli {
namespace {

constexpr std::string_view kGenerated =
    "/* Made by 'gadget build --emit skeleton': changes are lost. Needs libbpf 1.0 or newer. */\n";

/// Replaces every @name@ in a text.
std::string filled(std::string text, const std::map<std::string, std::string>& values) {
    for (const auto& [key, value] : values) {
        const std::string marker = '@' + key + '@';
        for (std::size_t at = text.find(marker); at != text.npos; at = text.find(marker, at + value.size()))
            text.replace(at, marker.size(), value);
    }
    return text;
}

std::string element_type(const model::Field& type) {
    const std::string bits = std::to_string(type.element_size * 8);
    switch (type.kind) {
        case model::FieldKind::boolean:
            return "bool";
        case model::FieldKind::signed_int:
            return "int" + bits + "_t";
        case model::FieldKind::unsigned_int:
            return "uint" + bits + "_t";
        case model::FieldKind::floating:
            return type.element_size == 4 ? "float" : "double";
        case model::FieldKind::c_string:
            return "char";
        case model::FieldKind::structure:
        case model::FieldKind::bytes:
            return "unsigned char";
    }
    return "unsigned char";
}

std::string declaration(const model::VariableFacts& variable) {
    const bool scalar = !variable.type.is_array && variable.type.kind != model::FieldKind::c_string &&
                        variable.type.kind != model::FieldKind::structure &&
                        variable.type.kind != model::FieldKind::bytes;
    std::string text = element_type(variable.type) + ' ' + variable.name;
    if (scalar) return text;
    const auto count = variable.type.is_array ? variable.type.count : variable.size;
    return text + '[' + std::to_string(count) + ']';
}

/// Global variables of one section, in the order in which they lie.
std::vector<const model::VariableFacts*> variables_of(const model::ObjectFacts& facts,
                                                      const std::string& section) {
    std::vector<const model::VariableFacts*> variables;
    for (const auto& variable : facts.variables) {
        if (variable.section == section && variable.is_global && variable.size > 0)
            variables.push_back(&variable);
    }
    std::sort(variables.begin(), variables.end(), [](const auto* a, const auto* b) {
        return a->offset != b->offset ? a->offset < b->offset : a->name < b->name;
    });
    return variables;
}

/// The struct that a program sees a section as; gaps are named padding.
std::string section_struct(const std::string& type,
                           const std::vector<const model::VariableFacts*>& variables) {
    std::string text = "struct " + type + " {\n";
    std::string checks;
    std::uint32_t at = 0;
    unsigned gaps = 0;
    for (const auto* variable : variables) {
        if (variable->offset < at) continue;  // never of a compiler
        if (variable->offset > at) {
            text += "\tunsigned char pad_" + std::to_string(gaps++) + '_' + '[' +
                    std::to_string(variable->offset - at) + "];\n";
        }
        text += '\t' + declaration(*variable) + ";\n";
        checks += "static_assert(offsetof(struct " + type + ", " + variable->name +
                  ") == " + std::to_string(variable->offset) + ", \"layout of " + variable->name + "\");\n";
        at = variable->offset + variable->size;
    }
    return text + "};\n" + checks + '\n';
}

struct Section {
    std::string section;  ///< ".rodata"
    std::string member;   ///< "rodata"
    std::vector<const model::VariableFacts*> variables;
};

std::vector<Section> data_sections(const model::ObjectFacts& facts) {
    std::vector<Section> sections;
    for (const char* name : {".rodata", ".data", ".bss"}) {
        Section section{name, std::string(name).substr(1), variables_of(facts, name)};
        if (!section.variables.empty()) sections.push_back(std::move(section));
    }
    return sections;
}

std::string bytes_text(std::span<const std::byte> bytes) {
    std::string text;
    text.reserve(bytes.size() * 4 + bytes.size() / 16);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i % 24 == 0) text += i == 0 ? "\t\t" : "\n\t\t";
        text += std::to_string(std::to_integer<unsigned>(bytes[i])) + ',';
    }
    return text;
}

constexpr const char* kSkeleton = R"(/* The @arch@ object of gadget '@name@'. */
#ifndef @NAME@_BPF_SKEL_H
#define @NAME@_BPF_SKEL_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

@structs@struct @name@_bpf {
	struct bpf_object_skeleton *skeleton;
	struct bpf_object *obj;
@members@};

static inline const void *@name@_bpf__object(size_t *size)
{
	static const unsigned char object[] __attribute__((aligned(8))) = {
@bytes@
	};

	*size = sizeof(object);
	return object;
}

/* Detaches and unloads everything; NULL is fine. */
static inline void @name@_bpf__destroy(struct @name@_bpf *gadget)
{
	if (!gadget)
		return;
	if (gadget->skeleton)
		bpf_object__destroy_skeleton(gadget->skeleton);
	free(gadget);
}

static inline int @name@_bpf__describe(struct @name@_bpf *gadget)
{
	struct bpf_object_skeleton *s;
	struct bpf_map_skeleton *map;
	struct bpf_prog_skeleton *prog;

	s = (struct bpf_object_skeleton *)calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	gadget->skeleton = s;
	s->sz = sizeof(*s);
	s->name = "@name@_bpf";
	s->obj = &gadget->obj;
	s->data = (void *)@name@_bpf__object(&s->data_sz);
	s->map_cnt = @map_count@;
	s->map_skel_sz = sizeof(*s->maps);
	s->maps = (struct bpf_map_skeleton *)calloc(@map_count@ + 1, sizeof(*s->maps));
	s->prog_cnt = @prog_count@;
	s->prog_skel_sz = sizeof(*s->progs);
	s->progs = (struct bpf_prog_skeleton *)calloc(@prog_count@ + 1, sizeof(*s->progs));
	if (!s->maps || !s->progs)
		return -ENOMEM;
	map = s->maps;
	prog = s->progs;
@describe@	(void)map;
	(void)prog;
	return 0;
}

/* Reads the object. Variables can be set from here to __load(). NULL with errno set on failure. */
static inline struct @name@_bpf *@name@_bpf__open(const struct bpf_object_open_opts *opts)
{
	struct @name@_bpf *gadget;
	int error;

	gadget = (struct @name@_bpf *)calloc(1, sizeof(*gadget));
	if (!gadget) {
		errno = ENOMEM;
		return NULL;
	}
	error = @name@_bpf__describe(gadget);
	if (!error)
		error = bpf_object__open_skeleton(gadget->skeleton, opts);
	if (error) {
		@name@_bpf__destroy(gadget);
		errno = -error;
		return NULL;
	}
	return gadget;
}

/* These return 0 or a negative errno. */
static inline int @name@_bpf__load(struct @name@_bpf *gadget)
{
	return bpf_object__load_skeleton(gadget->skeleton);
}

static inline int @name@_bpf__attach(struct @name@_bpf *gadget)
{
	return bpf_object__attach_skeleton(gadget->skeleton);
}

static inline void @name@_bpf__detach(struct @name@_bpf *gadget)
{
	bpf_object__detach_skeleton(gadget->skeleton);
}

#endif
)";

struct Members {
    std::string declarations;
    std::string describe;
    std::size_t maps = 0;
};

/// A struct of C must not be empty in C++ and C alike: no members, no struct.
std::string group(const std::string& lines, const std::string& name) {
    return lines.empty() ? std::string() : "\tstruct {\n" + lines + "\t} " + name + ";\n";
}

Members members_of(const std::string& name, const model::ObjectFacts& facts,
                   const std::vector<Section>& sections) {
    Members members;
    std::string maps;
    std::string progs;
    std::string links;
    std::string pointers;
    const auto add_map = [&](const std::string& real, const std::string& member, bool mapped) {
        maps += "\t\tstruct bpf_map *" + member + ";\n";
        members.describe += "\tmap->name = \"" + real + "\";\n\tmap->map = &gadget->maps." + member + ";\n";
        if (mapped) members.describe += "\tmap->mmaped = (void **)&gadget->" + member + ";\n";
        members.describe += "\tmap++;\n";
        ++members.maps;
    };
    for (const auto& map : facts.maps) add_map(map.name, c_identifier(map.name), false);
    for (const auto& section : sections) {
        add_map(section.section, section.member, true);
        pointers += "\tstruct " + name + "_bpf__" + section.member + " *" + section.member + ";\n";
    }
    for (const auto& program : facts.programs) {
        progs += "\t\tstruct bpf_program *" + program.name + ";\n";
        links += "\t\tstruct bpf_link *" + program.name + ";\n";
        members.describe += "\tprog->name = \"" + program.name + "\";\n\tprog->prog = &gadget->progs." +
                            program.name + ";\n\tprog->link = &gadget->links." + program.name +
                            ";\n\tprog++;\n";
    }
    members.declarations = group(maps, "maps") + group(progs, "progs") + group(links, "links") + pointers;
    return members;
}

std::string upper(std::string text) {
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

}  // namespace

std::string c_identifier(std::string_view name) {
    std::string text;
    for (const char c : name) {
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        text += good ? c : '_';
    }
    if (text.empty() || (text[0] >= '0' && text[0] <= '9')) text.insert(0, "gadget_");
    return text;
}

std::string skeleton_header(std::string_view name, model::Arch arch, std::span<const std::byte> object,
                            const model::ObjectFacts& facts) {
    const std::string identifier = c_identifier(name);
    const auto sections = data_sections(facts);
    std::string structs;
    for (const auto& section : sections)
        structs += section_struct(identifier + "_bpf__" + section.member, section.variables);
    const Members members = members_of(identifier, facts, sections);
    return std::string(kGenerated) + filled(kSkeleton, {{"arch", std::string(model::to_string(arch))},
                                                        {"name", identifier},
                                                        {"NAME", upper(identifier)},
                                                        {"structs", structs},
                                                        {"members", members.declarations},
                                                        {"describe", members.describe},
                                                        {"map_count", std::to_string(members.maps)},
                                                        {"prog_count", std::to_string(facts.programs.size())},
                                                        {"bytes", bytes_text(object)}});
}

std::string skeleton_file(std::string_view name, model::Arch arch) {
    return c_identifier(name) + '.' + std::string(model::to_string(arch)) + ".skel.h";
}

std::string skeleton_choice(std::string_view name, const std::vector<model::Arch>& archs) {
    std::string text(kGenerated);
    const char* word = "#if";
    for (const auto arch : archs) {
        text += std::string(word) + " defined(" +
                (arch == model::Arch::amd64 ? "__x86_64__" : "__aarch64__") + ")\n#include \"" +
                skeleton_file(name, arch) + "\"\n";
        word = "#elif";
    }
    return text + "#else\n#error \"gadget '" + c_identifier(name) +
           "' has no object for this architecture\"\n#endif\n";
}

}  // namespace gadget::cli
