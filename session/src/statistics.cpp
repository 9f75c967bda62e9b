// SPDX-License-Identifier: Apache-2.0
#include "statistics.h"

#include "gadget/support/text.h"
#include "statistics_kinds.h"

namespace gadget::session {

Result<std::unique_ptr<Statistics>> make_statistics(const std::string& operator_name,
                                                    const std::vector<std::string>& fields) {
    if (operator_name == "process") return make_process_statistics(fields);
    if (operator_name == "cgroup") return make_cgroup_statistics(fields);
    if (operator_name == "ebpf") return make_program_statistics(fields);
    return Error{.code = ErrorCode::rejected_input,
                 .message = "the metadata turns on the operator '" + printable(operator_name) +
                            "', which is not known"};
}

}  // namespace gadget::session
