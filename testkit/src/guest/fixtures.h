// SPDX-License-Identifier: Apache-2.0
// What stands before a test begins. All of it goes with the test's namespaces, processes and control group.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "../job.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::testkit::guest {

/// Whether there is code behind the kind.
[[nodiscard]] bool has_fixture(std::string_view kind);

/// Where a step happens; -1 and "" mean where the test is.
struct Place {
    int netns = -1;        ///< borrowed from the fixtures
    std::string cgroup{};  ///< path
};

class Fixtures {
  public:
    /// Is told the variables of a fixture: "ID.netns", "ID.cgroup", "ID.path", "ID.pid", "ID.1.2.pid".
    using Set = std::function<void(const std::string& name, std::string value)>;

    explicit Fixtures(Set set) : set_(std::move(set)) {}

    /// Makes one; its variables are replaced already. The Error says why it cannot be.
    Result<void> make(const JobStep& fixture);

    /// Where a step with the options "netns" and "cgroup" happens; `not_found` for an id that is none.
    [[nodiscard]] Result<Place> place_of(const JobStep& step) const;

  private:
    Result<void> make_netns(const JobStep& fixture);
    Result<void> make_veth_pair(const JobStep& fixture);
    Result<void> make_cgroup(const JobStep& fixture);
    Result<void> make_file(const JobStep& fixture);
    Result<void> make_folder(const JobStep& fixture);
    Result<void> make_processes(const JobStep& fixture);
    [[nodiscard]] Result<int> netns(const std::string& id) const;

    Set set_;
    std::map<std::string, UniqueFd> namespaces_{};
    std::map<std::string, std::string> groups_{};

    struct Kind;
    static const Kind* find(std::string_view kind);
    friend bool has_fixture(std::string_view kind);
};

}  // namespace gadget::testkit::guest
