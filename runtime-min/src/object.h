// SPDX-License-Identifier: Apache-2.0
// One opened and loaded eBPF object: libbpf's bpf_object with our choices applied and its failures explained.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/section_table.h"
#include "gadget/runtime/manager.h"
#include "gadget/runtime/spec.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"
#include "object_image.h"

namespace gadget::runtime {

using ObjectPtr = CPtr<bpf_object, bpf_object__close>;

struct Program {
    std::string name;
    std::string section;                       ///< in force: of the object, or the probe's override
    std::optional<model::SectionName> parsed;  ///< nullopt: a section that we do not know
    bpf_program* handle = nullptr;             ///< owned by the object
    bool optional_section = false;             ///< '?' in the object: not loaded unless asked for
    bool wanted = false;
    std::optional<Error> left_out{};     ///< why it is not loaded
    bool from_pin = false;               ///< `clone` is a program that somebody had pinned
    UniqueFd clone{};                    ///< of a clone: its own program...
    std::vector<UniqueFd> clone_maps{};  ///< ...and the global data made for it

    [[nodiscard]] int fd() const { return clone ? clone.get() : bpf_program__fd(handle); }
    [[nodiscard]] bool loaded() const { return wanted && !left_out && fd() >= 0; }
};

/// What decides how an object is loaded; borrowed during load().
struct LoadPlan {
    const ManagerSpec& spec;
    const ObjectImage& image;
    /// True when the activation can hold without this program.
    std::function<bool(const std::string& program)> may_be_left_out;
};

class Object {
  public:
    Object() = default;
    /// Opens, edits and loads. `log` receives what libbpf and the kernel said.
    static Result<Object> load(const LoadPlan& plan, std::string& log);

    [[nodiscard]] bool valid() const { return object_ != nullptr; }
    [[nodiscard]] bpf_object* handle() const { return object_.get(); }
    [[nodiscard]] std::span<Program> programs() { return programs_; }
    [[nodiscard]] std::span<const Program> programs() const { return programs_; }
    [[nodiscard]] const Program* find_program(std::string_view name) const;
    [[nodiscard]] bpf_map* find_map(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> map_names() const;
    /// Left out because the spec or its excluder says so.
    [[nodiscard]] bool is_excluded(const std::string& program) const { return excluded_.contains(program); }
    [[nodiscard]] const AsmUses& asm_uses() const { return asm_uses_; }
    /// Keeps a template of inner maps open until the load is over.
    void keep(UniqueFd inner_template) { templates_.push_back(std::move(inner_template)); }

  private:
    /// What one attempt to load hands to the next.
    struct Decisions {
        std::map<std::string, Error> left_out;
        std::optional<std::set<std::string>> excluded;
    };
    static Result<Object> open(const LoadPlan& plan, Decisions& decisions);
    Result<void> prepare(const LoadPlan& plan, Decisions& decisions);
    Result<void> take_pinned(const ManagerSpec& spec);
    void decide_excluded(const ManagerSpec& spec, Decisions& decisions);

    UniqueFd core_btf_;  ///< read by libbpf in the load
    ObjectPtr object_;
    std::vector<Program> programs_;
    std::set<std::string> excluded_;
    AsmUses asm_uses_;
    std::vector<UniqueFd> templates_;
};

/// Writes the constants that are for the whole object into the initial values of the object's global data.
/// Before the load.
Result<void> set_constants(const Object& object, std::span<const Constant> constants,
                           const std::string& object_name);

/// The content of every section that the constants change, with the changes.
Result<std::map<std::string, Bytes>> changed_sections(bpf_object* object, std::span<const Constant> constants,
                                                      const std::string& object_name);

/// A second instance of a loaded program, with maps and constants of its own. `log` receives the verifier's
/// words.
Result<Program> clone_program(const Object& object, const Program& original, const CloneSpec& spec,
                              std::string& log);

/// Applies map edits and the sizes that ring buffer specs ask for. Before the load.
Result<void> edit_maps(Object& object, const ManagerSpec& spec);

/// Success when the folder of the pin is on a bpf file system. `what` starts the error.
Result<void> check_pin_folder(const std::filesystem::path& path, const std::string& what);

/// The names in an object, without loading it.
Result<ObjectContents> inspect_object(const ObjectImage& image, const std::string& name);

/// Gives a program another section or target before the load.
Result<void> retarget(Program& program, const ProbeSpec& probe);
/// Sets the type of a program whose section libbpf does not know but our table does.
Result<void> ensure_type(const Program& program);

/// "<kind> 'x' is not in object 'y'", with a suggestion.
[[nodiscard]] Error unknown_name(std::string_view kind, std::string_view name, const std::string& object,
                                 std::span<const std::string> candidates);

}  // namespace gadget::runtime
