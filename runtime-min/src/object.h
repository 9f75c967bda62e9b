// SPDX-License-Identifier: Apache-2.0
// One opened and loaded eBPF object: libbpf's bpf_object with our choices applied and its failures explained.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/section_table.h"
#include "gadget/runtime/spec.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

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
    UniqueFd clone{};                    ///< of a clone: its own program...
    std::vector<UniqueFd> clone_maps{};  ///< ...and the global data made for it

    [[nodiscard]] int fd() const { return clone ? clone.get() : bpf_program__fd(handle); }
    [[nodiscard]] bool loaded() const { return wanted && !left_out && fd() >= 0; }
};

/// What decides how an object is loaded; borrowed during load().
struct LoadPlan {
    const ManagerSpec& spec;
    std::span<const std::byte> bytes;
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

  private:
    using Reasons = std::map<std::string, Error>;
    static Result<Object> open(const LoadPlan& plan, const Reasons& left_out);
    Result<void> prepare(const LoadPlan& plan, const Reasons& left_out);

    ObjectPtr object_;
    std::vector<Program> programs_;
};

/// Writes the constants into the initial values of the object's global data. Before the load.
Result<void> set_constants(bpf_object* object, std::span<const Constant> constants,
                           const std::string& object_name);

/// The content of every section that the constants change, with the changes.
Result<std::map<std::string, Bytes>> changed_sections(bpf_object* object, std::span<const Constant> constants,
                                                      const std::string& object_name);

/// A second instance of a loaded program, with maps and constants of its own. `log` receives the verifier's
/// words.
Result<Program> clone_program(const Object& object, const Program& original, const CloneSpec& spec,
                              std::string& log);

/// Applies map edits and the sizes that ring buffer specs ask for. Before the load.
Result<void> edit_maps(const Object& object, const ManagerSpec& spec);

/// Gives a program another section or target before the load.
Result<void> retarget(Program& program, const ProbeSpec& probe);
/// Sets the type of a program whose section libbpf does not know but our table does.
Result<void> ensure_type(const Program& program);

/// "<kind> 'x' is not in object 'y'", with a suggestion.
[[nodiscard]] Error unknown_name(std::string_view kind, std::string_view name, const std::string& object,
                                 std::span<const std::string> candidates);

}  // namespace gadget::runtime
