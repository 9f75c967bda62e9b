// SPDX-License-Identifier: Apache-2.0
// Attaching a loaded program. Everything works on descriptors, so that originals, hooks and copies take the
// same path; only USDT needs libbpf's own program handle.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gadget/runtime/spec.h"
#include "object.h"

namespace gadget::runtime {

/// A program on its hook. The destructor detaches and ignores failures.
class Attachment {
  public:
    Attachment() = default;
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;
    virtual ~Attachment() = default;
    /// Takes the program off; safe to repeat.
    virtual Result<void> detach() = 0;
    /// The bpf_link, -1 when there is none.
    [[nodiscard]] virtual int link_fd() const { return -1; }
    /// The perf event under it, -1 when there is none or more than one.
    [[nodiscard]] virtual int perf_event() const { return -1; }
    /// How it is attached, in words.
    [[nodiscard]] virtual std::string method() const { return link_fd() >= 0 ? "link" : "descriptor"; }
    /// False when somebody else took it off.
    [[nodiscard]] virtual bool is_there() { return true; }
};
using AttachmentPtr = std::unique_ptr<Attachment>;

/// An attachment that lasts as long as its descriptors, which close in reverse order.
class FdAttachment final : public Attachment {
  public:
    explicit FdAttachment(std::vector<UniqueFd> fds, int link = -1, std::string method = {}, int event = -1)
        : fds_(std::move(fds)), link_(link), event_(event), method_(std::move(method)) {}
    ~FdAttachment() override { (void)detach(); }
    Result<void> detach() override;
    [[nodiscard]] int link_fd() const override { return link_; }
    [[nodiscard]] int perf_event() const override { return event_; }
    [[nodiscard]] std::string method() const override {
        return method_.empty() ? Attachment::method() : method_;
    }
    [[nodiscard]] bool is_there() override;

  private:
    std::vector<UniqueFd> fds_;
    int link_;   ///< one of fds_, or -1
    int event_;  ///< one of fds_, or -1
    std::string method_;
};

struct AttachRequest {
    const Object& object;
    const Program& program;
    const ProbeSpec& probe;
    const Options& options;

    [[nodiscard]] model::AttachKind kind() const { return program.parsed->kind->attach; }
    /// "attaching 'on_open' to `target`"
    [[nodiscard]] std::string what(const std::string& target) const;
};

/// Where the request goes, in words.
[[nodiscard]] std::string describe_target(const Program& program, const ProbeSpec& probe);
/// True when the section (and target) of the probe tell where to attach; false for "xdp" without an interface
/// and such.
[[nodiscard]] bool has_target(const Program& program, const ProbeSpec& probe);

[[nodiscard]] Result<AttachmentPtr> attach(const AttachRequest& request);

// One function per family; each checks that the target fits.
Result<AttachmentPtr> attach_kprobe(const AttachRequest& request);
Result<AttachmentPtr> attach_uprobe(const AttachRequest& request);
Result<AttachmentPtr> attach_kprobe_multi(const AttachRequest& request);
Result<AttachmentPtr> attach_uprobe_multi(const AttachRequest& request);
Result<AttachmentPtr> attach_tcx(const AttachRequest& request);  // and netkit
Result<AttachmentPtr> attach_netfilter(const AttachRequest& request);
Result<AttachmentPtr> attach_usdt(const AttachRequest& request);
Result<AttachmentPtr> attach_tracepoint(const AttachRequest& request);
Result<AttachmentPtr> attach_perf_event(const AttachRequest& request);
Result<AttachmentPtr> attach_raw_tracepoint(const AttachRequest& request);
Result<AttachmentPtr> attach_tracing(const AttachRequest& request);
Result<AttachmentPtr> attach_iterator(const AttachRequest& request);
Result<AttachmentPtr> attach_cgroup(const AttachRequest& request);
Result<AttachmentPtr> attach_netns(const AttachRequest& request);
Result<AttachmentPtr> attach_socket(const AttachRequest& request);
Result<AttachmentPtr> attach_socket_map(const AttachRequest& request);
Result<AttachmentPtr> attach_struct_ops(const AttachRequest& request);
Result<AttachmentPtr> attach_xdp(const AttachRequest& request);
Result<AttachmentPtr> attach_tc(const AttachRequest& request);
/// Whether the target of a tc program is whole, as far as that can be known before anything is loaded.
Result<void> check_tc_target(const ProbeSpec& probe);

}  // namespace gadget::runtime
