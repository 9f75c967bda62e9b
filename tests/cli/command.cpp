// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <algorithm>
#include <cstdlib>

namespace gadget::tests {

const char* const kTinyProgram = R"(// SPDX-License-Identifier: GPL-2.0
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <gadget/buffer.h>
#include <gadget/macros.h>

struct event {
	__u32 pid;
	__u32 tid;
};

GADGET_TRACER_MAP(events, 1024 * 64);
GADGET_TRACER(switches, events, event);

SEC("raw_tracepoint/sched_switch")
int on_switch(void *ctx)
{
	struct event *event = gadget_reserve_buf(&events, sizeof(*event));

	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = (__u32)bpf_get_current_pid_tgid();
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
)";

CommandTest::CommandTest() : home_(TempDir::create("gadget-cli-test").value()) {
    const char* path = std::getenv("PATH");
    environment = {"PATH=" + std::string(path == nullptr ? "/usr/bin:/bin" : path), "HOME=" + home().string(),
                   "GADGET_STORE=" + (home() / "store").string(),
                   "GADGET_CACHE=" + (home() / "cache").string()};
}

Outcome CommandTest::run(std::vector<std::string> argv) const {
    auto output =
        run_command({.argv = std::move(argv), .environment = environment}, std::chrono::seconds(60));
    if (!output) {
        ADD_FAILURE() << output.error().to_string();
        return {};
    }
    const int status = output->status.signal != 0 ? 128 + output->status.signal : output->status.code;
    return {status, std::move(output->out), std::move(output->err)};
}

Outcome CommandTest::gadget(std::vector<std::string> words) const {
    words.insert(words.begin(), GADGET_EXECUTABLE);
    return run(std::move(words));
}

bool CommandTest::may_use_bpf() const {
    return gadget({"doctor", "-o", "json"}).out.find(R"("name":"eBPF","ok":true)") != std::string::npos;
}

Outcome CommandTest::gadget_run(std::vector<std::string> words) const {
    words.insert(words.begin(), GADGET_RUN_EXECUTABLE);
    return run(std::move(words));
}

std::filesystem::path CommandTest::folder(
    const std::string& name, const std::vector<std::pair<std::string, std::string>>& files) const {
    const auto path = home() / name;
    std::filesystem::create_directories(path);
    for (const auto& [file, text] : files) {
        std::filesystem::create_directories((path / file).parent_path());
        const auto written = write_file_atomic(path / file, text);
        if (!written) ADD_FAILURE() << written.error().to_string();
    }
    return path;
}

std::vector<std::string> files_below(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    if (!std::filesystem::exists(folder)) return names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(folder).string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace gadget::tests
