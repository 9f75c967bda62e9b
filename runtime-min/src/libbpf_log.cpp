// SPDX-License-Identifier: Apache-2.0
#include "libbpf_log.h"

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <utility>

#include <bpf/libbpf.h>

namespace gadget::runtime {
namespace {

constexpr std::size_t kMaxCapture = std::size_t{32} << 20;

std::mutex hook_mutex;
int captures = 0;
libbpf_print_fn_t previous_hook = nullptr;
thread_local LogCapture* current_capture = nullptr;

__attribute__((format(printf, 2, 0))) int print_hook(enum libbpf_print_level level, const char* format,
                                                     va_list arguments) {
    LogCapture* const capture = current_capture;
    if (capture == nullptr) {
        libbpf_print_fn_t forward = nullptr;
        {
            const std::lock_guard lock(hook_mutex);
            forward = previous_hook;
        }
        return forward == nullptr ? 0 : forward(level, format, arguments);
    }
    if (level == LIBBPF_DEBUG) return 0;
    va_list again;
    va_copy(again, arguments);
    const int length = std::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (length <= 0 || static_cast<std::size_t>(length) > kMaxCapture) return 0;
    std::string message(static_cast<std::size_t>(length) + 1, '\0');
    (void)std::vsnprintf(message.data(), message.size(), format, arguments);
    message.resize(static_cast<std::size_t>(length));
    capture->add(level, message);
    return length;
}

// The memory limit advice is for kernels before 5.11 and misleads where the refusal has other reasons.
bool is_misleading(std::string_view line) {
    return line.find("try raising ulimit") != std::string_view::npos ||
           line.find("permission error while running as root") != std::string_view::npos;
}

}  // namespace

LogCapture::LogCapture() : outer_(current_capture) {
    const std::lock_guard lock(hook_mutex);
    if (captures++ == 0) previous_hook = libbpf_set_print(print_hook);
    current_capture = this;
}

LogCapture::~LogCapture() {
    const std::lock_guard lock(hook_mutex);
    current_capture = outer_;
    if (--captures == 0) libbpf_set_print(std::exchange(previous_hook, nullptr));
}

void LogCapture::add(int /*level*/, std::string_view message) {
    if (text_.size() + message.size() > kMaxCapture) return;
    std::string_view rest = message;
    constexpr std::string_view kPrefix = "libbpf: ";
    if (rest.starts_with(kPrefix)) rest.remove_prefix(kPrefix.size());
    if (is_misleading(rest)) return;
    text_ += rest;
    if (!text_.empty() && text_.back() != '\n') text_ += '\n';
}

}  // namespace gadget::runtime
