// SPDX-License-Identifier: Apache-2.0
// The verifier's log of a refused program: find it in libbpf's output and say what matters of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/runtime/object_lines.h"

namespace gadget::runtime {

struct Refusal {
    std::string program;  ///< as libbpf calls it; empty when the log names none
    int error = 0;        ///< errno of the load, positive; 0 when unknown
    std::string log{};    ///< the verifier's words, complete; may be empty
};

/// Every program that libbpf reports as not loaded, in order.
[[nodiscard]] std::vector<Refusal> find_refusals(std::string_view libbpf_output);

struct VerifierVerdict {
    std::string reason{};             ///< "R1 invalid mem access 'scalar'"; empty when the log is
    std::string explanation{};        ///< the same in words, from kernels that give it
    std::string source{};             ///< "program.bpf.c:12", when the kernel or the object says so
    std::string code{};               ///< the source line, when the log has it
    long instruction = -1;            ///< the last one that the verifier looked at, or that it names
    std::vector<std::string> tail{};  ///< last lines that help, statistics left out, at most 8
};

[[nodiscard]] VerifierVerdict explain(std::string_view verifier_log);

/// Fills in the source line from the object, where the log has none: before Linux 6.9 it quotes the code at
/// most. What is told of a function that is linked behind the program is found by that quote, if it stands
/// once only.
void locate(VerifierVerdict& verdict, std::span<const FunctionLines> functions, std::string_view program);

}  // namespace gadget::runtime
