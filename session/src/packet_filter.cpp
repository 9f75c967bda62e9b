// SPDX-License-Identifier: Apache-2.0
#include "packet_filter.h"

#include <linux/filter.h>

#include <algorithm>

#include "gadget/support/text.h"
#include "object_function.h"

namespace gadget::session {
namespace {

constexpr std::string_view kFunctionPrefix = "gadget_pf_";
constexpr std::string_view kRejectAll = "__reject_all__";
constexpr std::size_t kMaxInstructions = 4096;  // BPF_MAXINSNS of the classic language
constexpr std::uint32_t kMaxOffset = 0x7000;    // the verifier follows packets up to 0xffff bytes
constexpr unsigned kScratchWords = 16;          // BPF_MEMWORDS

// The classic machine in registers. Begin and end of the packet are where the caller puts them.
constexpr std::uint8_t kA = BPF_REG_0;
constexpr std::uint8_t kX = BPF_REG_1;
constexpr std::uint8_t kHelper = BPF_REG_2;
constexpr std::uint8_t kLimit = BPF_REG_3;
constexpr std::uint8_t kBegin = BPF_REG_4;
constexpr std::uint8_t kEnd = BPF_REG_5;

bpf_insn make(int code, std::uint8_t target, std::uint8_t source, std::int64_t offset, std::uint32_t value) {
    bpf_insn instruction{};
    instruction.code = static_cast<std::uint8_t>(code);
    instruction.dst_reg = static_cast<std::uint8_t>(target & 15);
    instruction.src_reg = static_cast<std::uint8_t>(source & 15);
    instruction.off = static_cast<std::int16_t>(offset);
    instruction.imm = static_cast<std::int32_t>(value);
    return instruction;
}

class Translator {
  public:
    explicit Translator(const ClassicFilter& filter) : filter_(filter) {}

    Result<std::vector<bpf_insn>> translate() {
        if (filter_.empty() || filter_.size() > kMaxInstructions)
            return wrong("it has " + std::to_string(filter_.size()) + " instructions");
        if (BPF_CLASS(filter_.back().code) != BPF_RET) return wrong("it does not end with a decision");
        emit(BPF_ALU64 | BPF_MOV | BPF_K, kA, 0, 0, 0);
        emit(BPF_ALU64 | BPF_MOV | BPF_K, kX, 0, 0, 0);
        clear_scratch();
        for (at_ = 0; at_ < filter_.size(); ++at_) {
            starts_.push_back(out_.size());
            GADGET_TRY(instruction(filter_[at_]));
        }
        const std::size_t refusal = out_.size();
        if (std::ranges::any_of(jumps_, [](const Jump& jump) { return jump.target == kRefuse; })) {
            emit(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
            emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
        }
        for (const Jump& jump : jumps_) {
            const std::size_t target = jump.target == kRefuse ? refusal : starts_[jump.target];
            const std::size_t distance = target - jump.from - 1;
            if (distance > INT16_MAX) return wrong("it is too long");
            out_[jump.from].off = static_cast<std::int16_t>(distance);
        }
        return std::move(out_);
    }

  private:
    static constexpr std::size_t kRefuse = SIZE_MAX;
    struct Jump {
        std::size_t from;    // in out_
        std::size_t target;  // in filter_, or kRefuse
    };

    Error wrong(const std::string& why) const {
        return Error{
            .code = ErrorCode::rejected_input,
            .message = "the packet filter cannot be used: instruction " + std::to_string(at_) + ": " + why};
    }

    void emit(int code, std::uint8_t target, std::uint8_t source, std::int64_t offset, std::uint32_t value) {
        out_.push_back(make(code, target, source, offset, value));
    }
    void refuse_if(int code, std::uint8_t left, std::uint8_t right, std::uint32_t value) {
        jumps_.push_back({out_.size(), kRefuse});
        emit(code, left, right, 0, value);
    }

    /// The verifier wants to see a write before each read; filters read what another path wrote.
    void clear_scratch() {
        std::vector<bool> used(kScratchWords);
        for (const auto& instruction : filter_) {
            const bool is_memory =
                (BPF_CLASS(instruction.code) == BPF_LD || BPF_CLASS(instruction.code) == BPF_LDX) &&
                BPF_MODE(instruction.code) == BPF_MEM;
            if (is_memory && instruction.k < kScratchWords) used[instruction.k] = true;
        }
        for (unsigned i = 0; i < kScratchWords; ++i) {
            if (used[i]) emit(BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, kA, scratch(i), 0);
        }
    }
    static std::int64_t scratch(std::uint32_t word) { return -4 * (static_cast<std::int64_t>(word) + 1); }

    Result<void> instruction(const ClassicInstruction& in) {
        switch (BPF_CLASS(in.code)) {
            case BPF_LD:
                return load(in);
            case BPF_LDX:
                return load_index(in);
            case BPF_ST:
            case BPF_STX:
                if (in.k >= kScratchWords) return wrong("it has no such memory");
                emit(BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_CLASS(in.code) == BPF_ST ? kA : kX,
                     scratch(in.k), 0);
                return {};
            case BPF_ALU:
                return calculate(in);
            case BPF_JMP:
                return jump(in);
            case BPF_RET:
                return decide(in);
            default:
                return move(in);
        }
    }

    Result<void> load(const ClassicInstruction& in) {
        switch (BPF_MODE(in.code)) {
            case BPF_IMM:
                emit(BPF_ALU | BPF_MOV | BPF_K, kA, 0, 0, in.k);
                return {};
            case BPF_LEN:
                load_length(kA);
                return {};
            case BPF_MEM:
                if (in.k >= kScratchWords) return wrong("it has no such memory");
                emit(BPF_LDX | BPF_MEM | BPF_W, kA, BPF_REG_10, scratch(in.k), 0);
                return {};
            case BPF_ABS:
            case BPF_IND:
                return load_packet(in);
            default:
                return wrong("there is no such load");
        }
    }

    void load_length(std::uint8_t target) {
        emit(BPF_ALU64 | BPF_MOV | BPF_X, target, kEnd, 0, 0);
        emit(BPF_ALU64 | BPF_SUB | BPF_X, target, kBegin, 0, 0);
    }

    static std::uint32_t bytes_of(std::uint16_t code) {
        return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
    }

    Result<void> load_packet(const ClassicInstruction& in) {
        if (BPF_SIZE(in.code) == BPF_DW) return wrong("there is no such load");
        if (in.k > kMaxOffset) return wrong("it reads what is no byte of the packet, or one far behind");
        const std::uint32_t size = bytes_of(in.code);
        std::uint8_t base = kBegin;
        if (BPF_MODE(in.code) == BPF_IND) {
            refuse_if(BPF_JMP | BPF_JGT | BPF_K, kX, 0, kMaxOffset);
            emit(BPF_ALU64 | BPF_MOV | BPF_X, kHelper, kBegin, 0, 0);
            emit(BPF_ALU64 | BPF_ADD | BPF_X, kHelper, kX, 0, 0);
            base = kHelper;
        }
        check(base, in.k + size);
        emit(BPF_LDX | BPF_MEM | BPF_SIZE(in.code), kA, base, in.k, 0);
        if (size > 1) emit(BPF_ALU | BPF_END | BPF_TO_BE, kA, 0, 0, 8 * size);
        return {};
    }

    /// Goes on only if `size` bytes from `base` are in the packet.
    void check(std::uint8_t base, std::uint32_t size) {
        emit(BPF_ALU64 | BPF_MOV | BPF_X, kLimit, base, 0, 0);
        emit(BPF_ALU64 | BPF_ADD | BPF_K, kLimit, 0, 0, size);
        refuse_if(BPF_JMP | BPF_JGT | BPF_X, kLimit, kEnd, 0);
    }

    Result<void> load_index(const ClassicInstruction& in) {
        switch (BPF_MODE(in.code)) {
            case BPF_IMM:
                emit(BPF_ALU | BPF_MOV | BPF_K, kX, 0, 0, in.k);
                return {};
            case BPF_LEN:
                load_length(kX);
                return {};
            case BPF_MEM:
                if (in.k >= kScratchWords) return wrong("it has no such memory");
                emit(BPF_LDX | BPF_MEM | BPF_W, kX, BPF_REG_10, scratch(in.k), 0);
                return {};
            case BPF_MSH:  // the length of an IPv4 header
                if (in.k > kMaxOffset)
                    return wrong("it reads what is no byte of the packet, or one far behind");
                check(kBegin, in.k + 1);
                emit(BPF_LDX | BPF_MEM | BPF_B, kX, kBegin, in.k, 0);
                emit(BPF_ALU | BPF_AND | BPF_K, kX, 0, 0, 15);
                emit(BPF_ALU | BPF_LSH | BPF_K, kX, 0, 0, 2);
                return {};
            default:
                return wrong("there is no such load");
        }
    }

    Result<void> calculate(const ClassicInstruction& in) {
        const int operation = BPF_OP(in.code);
        const bool by_index = BPF_SRC(in.code) == BPF_X && operation != BPF_NEG;
        if (operation > BPF_XOR) return wrong("there is no such calculation");
        const bool divides = operation == BPF_DIV || operation == BPF_MOD;
        if (divides && by_index) refuse_if(BPF_JMP32 | BPF_JEQ | BPF_K, kX, 0, 0);
        if (divides && !by_index && in.k == 0) return wrong("it divides by zero");
        const bool shifts = operation == BPF_LSH || operation == BPF_RSH;
        if (shifts && !by_index && in.k > 31) return wrong("it shifts out everything");
        if (shifts && by_index) refuse_if(BPF_JMP32 | BPF_JGT | BPF_K, kX, 0, 31);
        emit(BPF_ALU | operation | (by_index ? BPF_X : BPF_K), kA, by_index ? kX : 0, 0,
             by_index || operation == BPF_NEG ? 0 : in.k);
        return {};
    }

    Result<void> go_to(std::size_t distance) {
        const std::size_t target = at_ + 1 + distance;
        if (distance >= filter_.size() || target >= filter_.size())
            return wrong("it jumps out of the filter");
        jumps_.push_back({out_.size(), target});
        emit(BPF_JMP | BPF_JA, 0, 0, 0, 0);
        return {};
    }

    Result<void> jump(const ClassicInstruction& in) {
        const int operation = BPF_OP(in.code);
        if (operation == BPF_JA) return go_to(in.k);
        if (operation > BPF_JSET) return wrong("there is no such jump");
        if (at_ + 1 + in.jump_true >= filter_.size()) return wrong("it jumps out of the filter");
        const bool by_index = BPF_SRC(in.code) == BPF_X;
        jumps_.push_back({out_.size(), at_ + 1 + in.jump_true});
        emit(BPF_JMP32 | operation | (by_index ? BPF_X : BPF_K), kA, by_index ? kX : 0, 0,
             by_index ? 0 : in.k);
        return in.jump_false == 0 && at_ + 1 < filter_.size() ? Result<void>() : go_to(in.jump_false);
    }

    Result<void> decide(const ClassicInstruction& in) {
        if (BPF_RVAL(in.code) == BPF_A) {
            refuse_if(BPF_JMP32 | BPF_JEQ | BPF_K, kA, 0, 0);
            emit(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
        } else if (BPF_RVAL(in.code) == BPF_K) {
            emit(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, in.k != 0 ? 1 : 0);
        } else {
            return wrong("there is no such return");
        }
        emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
        return {};
    }

    Result<void> move(const ClassicInstruction& in) {
        if (BPF_MISCOP(in.code) != BPF_TAX && BPF_MISCOP(in.code) != BPF_TXA)
            return wrong("it does not exist");
        const bool to_index = BPF_MISCOP(in.code) == BPF_TAX;
        emit(BPF_ALU | BPF_MOV | BPF_X, to_index ? kX : kA, to_index ? kA : kX, 0, 0);
        return {};
    }

    const ClassicFilter& filter_;
    std::size_t at_ = 0;
    std::vector<bpf_insn> out_;
    std::vector<std::size_t> starts_;
    std::vector<Jump> jumps_;
};

std::string key_of(std::string_view function) {
    const std::string_view name = function.substr(kFunctionPrefix.size());
    return name.empty() ? "pf" : "pf-" + std::string(name);
}

Result<std::vector<bpf_insn>> compile(const std::string& key, const std::string& expression,
                                      const FilterCompiler& compiler) {
    if (expression == kRejectAll) return translate_filter({{.code = BPF_RET | BPF_K}});
    if (!compiler) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "--" + key + ": this program has no compiler of packet filters"};
    }
    auto filter = compiler(expression);
    if (!filter) return std::move(filter).error();
    return translate_filter(*filter);
}

}  // namespace

Result<std::vector<bpf_insn>> translate_filter(const ClassicFilter& filter) {
    return Translator(filter).translate();
}

std::vector<Param> packet_filter_params(const Bytes& object) {
    std::vector<Param> params;
    for (const auto& function : functions_with_prefix(object, kFunctionPrefix)) {
        params.push_back(
            {.key = key_of(function),
             .variable = {},
             .type = "string",
             .description = "packets that are shown, in the language of tcpdump (pcap-filter(7))",
             .default_value = {},
             .field = {}});
    }
    return params;
}

Result<void> set_packet_filters(const ParamWords& values, const FilterCompiler& compiler, Bytes& object) {
    for (const auto& function : functions_with_prefix(object, kFunctionPrefix)) {
        const std::string key = key_of(function);
        std::string expression;
        for (const auto& [name, value] : values) {
            if (name == key) expression = value;
        }
        if (expression.empty()) continue;
        GADGET_TRY_ASSIGN(const auto body, compile(key, expression, compiler).context("in --" + key));
        GADGET_TRY(replace_function(object, function, body));
    }
    return {};
}

}  // namespace gadget::session
