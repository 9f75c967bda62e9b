// SPDX-License-Identifier: Apache-2.0
// What the stimuli share. A stimulus returns why it did not go as its step says, or "".
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "stimuli.h"

namespace gadget::testkit::guest {

[[nodiscard]] std::optional<unsigned> parse_number(std::string_view text, int base);
[[nodiscard]] std::string errno_name(int error);

/// Compares what `call` did (0 or an errno) with the step's `error` option.
[[nodiscard]] std::string check_errno(const StimulusContext& context, std::string_view call, int got);

/// Waits for a child whose exit status must be that of the step's `status` option.
[[nodiscard]] std::string wait_for(pid_t child, const StimulusContext& context, std::string_view what);

/// Writes to a file that is there, as those of control groups are.
[[nodiscard]] bool write_file_in_place(const std::string& path, std::string_view text);

std::string open_file(const StimulusContext& context);
std::string make_folder(const StimulusContext& context);
std::string remove_file(const StimulusContext& context);
std::string rename_file(const StimulusContext& context);
std::string write_file(const StimulusContext& context);

std::string exec_program(const StimulusContext& context);
std::string fork_child(const StimulusContext& context);
std::string send_signal(const StimulusContext& context);

std::string mount_file_system(const StimulusContext& context);
std::string unmount_file_system(const StimulusContext& context);
std::string load_module(const StimulusContext& context);

std::string wait_a_while(const StimulusContext& context);
std::string allocate_memory(const StimulusContext& context);
std::string contend_for_lock(const StimulusContext& context);
std::string exhaust_group(const StimulusContext& context);

std::string talk_tcp(const StimulusContext& context);
std::string greet_tls(const StimulusContext& context);
std::string send_udp(const StimulusContext& context);
std::string bind_socket(const StimulusContext& context);
std::string ask_dns(const StimulusContext& context);

std::string use_block_device(const StimulusContext& context);
std::string call_target(const StimulusContext& context);
std::string pass_usdt(const StimulusContext& context);

}  // namespace gadget::testkit::guest
