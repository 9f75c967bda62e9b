// SPDX-License-Identifier: Apache-2.0
// Adds the fields that show recognised types in words: one row of kFormatters for each type, applied in the
// order in which Inspektor Gadget applies its own, because that is the order of the columns.
#include <algorithm>
#include <optional>

#include "gadget/support/text.h"
#include "plan.h"

namespace gadget::events::detail {
namespace {

struct Formatter {
    std::string_view type;  ///< name in the typedef chain
    Op source;              ///< what the field must hold
    Op shown;
    std::string_view target_key;  ///< annotation that names the added field
    std::string_view column_template;
    std::string_view fallback;  ///< name of the added field when nothing else gives one
};

constexpr Formatter kFormatters[] = {
    {"gadget_kernel_stack", Op::u32, Op::kernel_stack, "ebpf.formatter.kstack", "", ""},
    {"gadget_signal", Op::u32, Op::signal, "formatters.signal.target", "", ""},
    {"gadget_errno", Op::u32, Op::errno_name, "formatters.errno.target", "errorString", ""},
    {"gadget_syscall", Op::u64, Op::syscall, "formatters.syscall.target", "syscall", ""},
    {"gadget_timestamp", Op::u64, Op::timestamp, "formatters.timestamp.target", "timestamp", ""},
    {"gadget_bytes", Op::u64, Op::size_text, "formatters.bytes.target", "bytes", ""},
    {"gadget_duration", Op::u64, Op::duration, "formatters.duration.target", "duration", ""},
    {"gadget_file_mode", Op::u32, Op::file_mode, "formatters.file_mode.target", "", ""},
    {"gadget_file_flags", Op::u32, Op::file_flags, "formatters.file_flags.target", "", ""},
};

constexpr Formatter kResolvers[] = {
    {"gadget_uid", Op::u32, Op::user, "uidgidresolver.target", "", "user"},
    {"gadget_gid", Op::u32, Op::group, "uidgidresolver.target", "", "group"},
};

class FormatterPass {
  public:
    FormatterPass(Plan& plan, const model::DataSourceMetadata* metadata)
        : plan_(plan), metadata_(metadata), members_(plan.nodes.size()) {}

    Result<void> run() {
        GADGET_TRY(read_text_forms());
        GADGET_TRY(add_enums());
        for (const Formatter& formatter : kFormatters) {
            if (formatter.shown == Op::kernel_stack && !plan_.environment.kernel_stack) continue;
            add_all(formatter);
        }
        for (std::size_t i = 0; i < members_; ++i) {
            if (plan_.nodes[i].has_type("gadget_l3endpoint_t")) add_endpoint(i, false);
        }
        for (std::size_t i = 0; i < members_; ++i) {
            if (plan_.nodes[i].has_type("gadget_l4endpoint_t")) add_endpoint(i, true);
        }
        if (plan_.users >= 0) add_all(kResolvers[0]);
        if (plan_.groups >= 0) add_all(kResolvers[1]);
        return {};
    }

  private:
    Node& node(std::size_t index) { return plan_.nodes[index]; }

    std::string annotation(std::size_t index, std::string_view key) {
        const auto found = node(index).annotations.find(std::string(key));
        return found == node(index).annotations.end() ? std::string{} : found->second;
    }

    /// The name of the field to add beside `index`; empty when there is none, so nothing is added.
    std::string target_name(std::size_t index, const Formatter& formatter) {
        if (std::string named = annotation(index, formatter.target_key); !named.empty()) return named;
        const std::string& name = node(index).name;
        if (name.size() > 4 && name.ends_with("_raw")) return name.substr(0, name.size() - 4);
        if (formatter.fallback.empty()) return {};
        // Two user ids on one level: the second is told apart by the name of its field.
        if (!exists(sibling_path(index, formatter.fallback))) return std::string(formatter.fallback);
        return name + "_" + std::string(formatter.fallback);
    }

    std::string child_path(int parent, std::string_view name) {
        if (parent < 0) return std::string(name);
        return node(static_cast<std::size_t>(parent)).path + "." + std::string(name);
    }
    std::string sibling_path(std::size_t index, std::string_view name) {
        return child_path(node(index).parent, name);
    }
    bool exists(const std::string& path) { return plan_.find(path) >= 0; }

    /// Formatted sources lose their column unless the metadata asks for it.
    void hide_source(std::size_t index) {
        if (metadata_annotation(metadata_, node(index).path, "columns.hidden") != "false")
            node(index).hidden = true;
    }

    /// Adds a copy of `source` that shows `op`, as a child of `parent`; nullptr when the name is taken.
    Node* add(const Node& source, int parent, const std::string& name, Op op,
              const model::Annotations& defaults) {
        const std::string path = child_path(parent, name);
        if (name.empty() || exists(path) || plan_.nodes.size() >= kMaxFields * 2) return nullptr;
        Node added;
        added.name = name;
        added.path = path;
        added.parent = parent;
        added.op = op;
        added.offset = source.offset;
        added.size = source.size;
        added.is_signed = source.is_signed;
        added.bit_offset = source.bit_offset;
        added.bit_size = source.bit_size;
        added.element_op = source.op;
        added.added = true;
        merge_annotations(added, defaults, metadata_);
        plan_.nodes.push_back(std::move(added));
        return &plan_.nodes.back();
    }

    void add_all(const Formatter& formatter) {
        for (std::size_t i = 0; i < members_; ++i) {
            if (!node(i).has_type(formatter.type) || node(i).op != formatter.source) continue;
            model::Annotations defaults;
            if (!formatter.column_template.empty()) defaults["template"] = formatter.column_template;
            const bool resolver = formatter.shown == Op::user || formatter.shown == Op::group;
            if (resolver) defaults["columns.hidden"] = "true";
            const std::string format = annotation(i, "formatters.timestamp.format").substr(0, 256);
            const Node source = node(i);
            Node* added = add(source, source.parent, target_name(i, formatter), formatter.shown, defaults);
            if (added == nullptr) continue;
            hide_source(i);
            if (formatter.shown == Op::timestamp) {
                added->time_format = format;
                node(i).op = Op::wall_clock;
            }
        }
    }

    /// Bytes that hold text in another form than a C string, where the metadata says so.
    Result<void> read_text_forms() {
        for (std::size_t i = 0; i < members_; ++i) {
            const std::string form = annotation(i, "formatters.text");
            if (form.empty()) continue;
            const auto fail = [&](const std::string& why) {
                return Error{
                    .code = ErrorCode::rejected_input,
                    .message = "field '" + printable(node(i).path) + "': annotation formatters.text" + why};
            };
            const bool is_bytes = node(i).op == Op::c_string || node(i).op == Op::bytes ||
                                  (node(i).op == Op::array && node(i).element_size == 1);
            if (!is_bytes) return fail(" needs an array of char or of bytes");
            if (form == "nul-separated")
                node(i).op = Op::nul_separated;
            else if (form == "dns-name")
                node(i).op = Op::dns_name;
            else
                return fail(" is '" + printable(form) + "', known are 'nul-separated' and 'dns-name'");
            const std::string length = annotation(i, "formatters.text.length");
            if (length.empty()) continue;
            const int found = plan_.find(length);
            if (found < 0 || value_type(node(static_cast<std::size_t>(found)).op) != ValueType::integer ||
                node(static_cast<std::size_t>(found)).op == Op::bits) {
                return fail(".length names '" + printable(length) + "', which is not an integer field");
            }
            node(i).length_offset = node(static_cast<std::size_t>(found)).offset;
            node(i).length_size = node(static_cast<std::size_t>(found)).size;
        }
        return {};
    }

    Result<void> add_enums() {
        for (std::size_t i = 0; i < members_; ++i) {
            if (node(i).enum_name.empty() || node(i).op == Op::array || node(i).op == Op::bytes) continue;
            hide_source(i);
            const bool is_set = node(i).enum_name.ends_with("_set");
            const Formatter formatter{
                "", node(i).op, is_set ? Op::enum_set : Op::enum_name, "ebpf.formatter.enum", "", ""};
            std::string separator = annotation(i, "ebpf.formatter.bitfield.separator").substr(0, 64);
            const Node source = node(i);
            Node* added = add(source, source.parent, target_name(i, formatter), formatter.shown, {});
            if (added == nullptr) continue;
            added->separator = separator.empty() ? "|" : std::move(separator);
            added->table = static_cast<int>(plan_.tables.size());
            plan_.tables.push_back(make_enum_table(source, is_set));
            if (max_text(plan_, *added) > (std::size_t{1} << 20)) {
                return Error{
                    .code = ErrorCode::rejected_input,
                    .message = "enum '" + printable(source.enum_name) + "' has more than 1 MiB of names"};
            }
        }
        return {};
    }

    LabelTable make_enum_table(const Node& source, bool is_set) {
        const auto kernel = plan_.environment.kernel_enums.find(source.enum_name);
        const auto& enumerators =
            kernel != plan_.environment.kernel_enums.end() ? kernel->second : source.enumerators;
        LabelTable table;
        const std::uint32_t bits = source.bit_size > 0 ? source.bit_size : source.size * 8;
        const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
        for (const model::Enumerator& enumerator : enumerators) {
            table.rows.push_back(
                {static_cast<std::uint64_t>(enumerator.value) & mask, Label(enumerator.name)});
        }
        if (!is_set) table.sort();
        return table;
    }

    std::optional<std::size_t> child(std::size_t parent, std::string_view name, std::string_view type) {
        for (std::size_t i = 0; i < members_; ++i) {
            if (node(i).parent != static_cast<int>(parent)) continue;
            if (type.empty() ? node(i).name == name : node(i).has_type(type)) return i;
        }
        return std::nullopt;
    }

    /// Address (and port) of an endpoint: the structure's own column shows them, its members lose theirs.
    void add_endpoint(std::size_t index, bool with_port) {
        const auto address = child(index, "", "gadget_ip_addr_t");
        const auto version = child(index, "version", "");
        if (!address || !version || node(*address).size != 16 || node(*version).op != Op::u8) return;
        const auto port = child(index, "port", "");
        if (with_port && (!port || node(*port).op != Op::u16)) return;

        const int parent = static_cast<int>(index);
        std::string name = node(*address).name;
        if (name.size() > 4 && name.ends_with("_raw")) name.resize(name.size() - 4);
        Node source = node(*address);
        source.op = Op::bytes;
        const std::uint32_t version_offset = node(*version).offset;
        node(*address).unreferenced = true;
        Node* shown = add(source, parent, name, Op::ip, {});
        if (shown == nullptr) return;
        shown->version_offset = version_offset;
        if (with_port) {
            const std::uint32_t port_offset = node(*port).offset;
            if (const auto protocol = child(index, "proto_raw", "");
                protocol && node(*protocol).op == Op::u16) {
                const Node raw = node(*protocol);
                if (Node* added = add(raw, parent, "proto", Op::protocol, {})) added->hidden = true;
            }
            shown = add(source, parent, "endpoint", Op::endpoint, {{"json.skip", "true"}});
            if (shown == nullptr) return;
            shown->version_offset = version_offset;
            shown->port_offset = port_offset;
        }
        for (Node& member : plan_.nodes) {
            if (member.parent == parent &&
                metadata_annotation(metadata_, member.path, "columns.hidden") != "false") {
                member.hidden = true;
            }
        }
        if (node(index).annotations["columns.replace"].empty()) {
            node(index).annotations["columns.replace"] = plan_.nodes.back().path;
        }
    }

    Plan& plan_;
    const model::DataSourceMetadata* metadata_;
    std::size_t members_;  ///< nodes that are struct members; added ones follow
};

}  // namespace

Result<void> add_formatted_fields(Plan& plan, const model::DataSourceMetadata* metadata) {
    return FormatterPass(plan, metadata).run();
}

}  // namespace gadget::events::detail
