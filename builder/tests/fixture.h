// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "gadget/builder.h"
#include "gadget/support/files.h"

namespace gadget::builder::testing {

inline constexpr std::string_view kTinyGadget = R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <gadget/buffer.h>
#include <gadget/macros.h>

struct event {
	__u32 pid;
	__u64 inode;
};
GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(tiny, events, event);

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(struct syscall_trace_enter *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event = gadget_reserve_buf(&events, sizeof(*event));

	if (!event)
		return 0;
	event->pid = BPF_CORE_READ(task, tgid);
	event->inode = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
)";

/// A folder of its own for each test, and the builder pointed at it.
class BuilderTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto dir = TempDir::create();
        ASSERT_TRUE(dir) << dir.error().to_string();
        dir_.emplace(std::move(*dir));
    }
    [[nodiscard]] std::filesystem::path path(std::string_view name) const { return dir_->path() / name; }

    std::filesystem::path write(std::string_view name, std::string_view text) {
        const auto file = path(name);
        EXPECT_TRUE(gadget::create_directories(file.parent_path()));
        EXPECT_TRUE(write_file_atomic(file, text));
        return file;
    }

    Result<std::vector<Output>> build(const std::filesystem::path& source,
                                      std::vector<model::Arch> archs = {model::Arch::amd64,
                                                                        model::Arch::arm64}) {
        std::vector<Request> requests;
        for (const auto arch : archs) {
            requests.push_back(request_);
            requests.back().source = source;
            requests.back().arch = arch;
        }
        return compile(requests, options_, findings_);
    }

    /// The one error among the findings; a test failure when there are more or none.
    Diagnostic only_error() {
        Diagnostic error;
        EXPECT_EQ(findings_.count(Severity::error), 1U);
        for (const auto& finding : findings_.all()) {
            if (finding.severity == Severity::error) error = finding;
        }
        return error;
    }
    static SourceRange range_of(const Diagnostic& finding) {
        const auto* range = std::get_if<SourceRange>(&finding.location);
        return range == nullptr ? SourceRange{} : *range;
    }
    static bool contains(std::string_view text, std::string_view part) {
        return text.find(part) != text.npos;
    }
    static bool contains(const std::vector<std::byte>& bytes, std::string_view part) {
        return contains(as_text(bytes), part);
    }

    Request request_;
    Options options_;
    DiagnosticList findings_;

  private:
    std::optional<TempDir> dir_;
};

}  // namespace gadget::builder::testing
