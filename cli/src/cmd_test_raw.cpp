// SPDX-License-Identifier: Apache-2.0
// gadget test --raw: does each program load and attach on each kernel, without the runtime?
#include <algorithm>

#include "cmd_test.h"
#include "compile_folder.h"
#include "gadget/testkit.h"
#include "load_gadget.h"
#include "places.h"
#include "test_places.h"

namespace gadget::cli {

Result<testkit::TestRequest> prepare_raw(const TestOptions& options,
                                         const std::vector<testkit::KernelSelector>& kernels,
                                         const Context& context, DiagnosticList& findings) {
    testkit::TestRequest request{.kernels = kernels};
    std::vector<model::Arch> archs;
    for (const auto& kernel : kernels) {
        if (std::find(archs.begin(), archs.end(), kernel.arch) == archs.end()) archs.push_back(kernel.arch);
    }
    context.terminal.step("compiling " + options.path.string());
    GADGET_TRY_ASSIGN(
        auto gadget,
        load_gadget(options.path.string(), {.archs = archs, .load_folder = context.load_folder}, findings));
    request.gadget = gadget.name;
    for (auto& object : gadget.objects) {
        for (const auto& program : object.facts.programs) {
            const auto known = std::any_of(request.scenarios.begin(), request.scenarios.end(),
                                           [&](const auto& other) { return other.name == program.name; });
            if (!known)
                request.scenarios.push_back(
                    {.name = program.name, .raw_program = program.name, .timeout_seconds = 30});
        }
        request.objects[object.arch] = std::move(object.object);
    }
    if (request.scenarios.empty())
        return Error{.code = ErrorCode::rejected_input, .message = "the gadget has no program to load"};
    GADGET_TRY_ASSIGN(request.runners, find_runners());
    GADGET_TRY_ASSIGN(request.cache, cache_folder());
    request.logs = request.cache / "test-logs" / request.gadget / "raw";
    return request;
}

}  // namespace gadget::cli
