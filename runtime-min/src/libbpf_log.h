// SPDX-License-Identifier: Apache-2.0
// What libbpf prints, caught. libbpf has one print function for the whole process and no context pointer, so
// this is the one place with process-wide state: the hook is installed while at least one LogCapture lives
// and restored after the last; messages of threads without a capture go on to whoever had the hook before.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gadget::runtime {

/// Catches what libbpf says on this thread while it lives. Captures nest; the innermost one gets the text. A
/// capture must be destroyed on the thread that made it.
class LogCapture {
  public:
    LogCapture();
    ~LogCapture();
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;

    /// Warnings and notices so far, without the "libbpf: " prefixes and without advice that is wrong here.
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::string take() { return std::move(text_); }
    void add(int level, std::string_view message);

  private:
    std::string text_;
    LogCapture* outer_;
};

}  // namespace gadget::runtime
