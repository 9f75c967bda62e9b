// SPDX-License-Identifier: Apache-2.0
#include "core_btf.h"

#include <bpf/btf.h>

#include <cerrno>
#include <map>
#include <string>

#include "gadget/support/files.h"
#include "gadget/support/text.h"
#include "libbpf_log.h"

namespace gadget::runtime {
namespace {

using BtfPtr = CPtr<btf, btf__free>;

constexpr std::uint32_t kMaxSize = 1U << 20U;

Result<BtfPtr> kernel_types(const std::filesystem::path& path) {
    const LogCapture quiet;
    BtfPtr types(path.empty() ? btf__load_vmlinux_btf() : btf__parse(path.c_str(), nullptr));
    if (!types && path.empty()) types.reset(btf__new_empty());
    if (!types) return errno_error(errno, "reading BTF from '" + path.string() + "'");
    return types;
}

bool is_sound(const ExtraStruct& type, const ExtraMember& member) {
    const std::uint32_t size = member.size;
    return (size == 1 || size == 2 || size == 4 || size == 8) && member.count > 0 && type.size <= kMaxSize &&
           member.offset <= type.size && member.count <= (type.size - member.offset) / size;
}

class Writer {
  public:
    explicit Writer(btf* types) : types_(types) {}

    Result<void> add(const ExtraStruct& type) {
        std::vector<int> members;
        for (const ExtraMember& member : type.members) {
            if (!is_sound(type, member)) {
                return Error{ErrorCode::invalid_argument, "member '" + printable(member.name) +
                                                              "' of struct '" + printable(type.name) +
                                                              "' has a size or place that no struct allows"};
            }
            members.push_back(type_of(member));
        }
        if (btf__add_struct(types_, type.name.c_str(), type.size) < 0) return failed(type);
        for (std::size_t i = 0; i < members.size(); ++i) {
            const ExtraMember& member = type.members[i];
            if (btf__add_field(types_, member.name.c_str(), members[i], member.offset * 8, 0) != 0)
                return failed(type);
        }
        return {};
    }

  private:
    static Error failed(const ExtraStruct& type) {
        return errno_error(errno, "adding struct '" + printable(type.name) + "' to the kernel's types");
    }

    int integer(std::uint32_t size) {
        const auto [place, is_new] = integers_.try_emplace(size);
        if (is_new) {
            const std::string name = "__gadgetkit_u" + std::to_string(size * 8);
            place->second = btf__add_int(types_, name.c_str(), size, 0);
        }
        return place->second;
    }

    int type_of(const ExtraMember& member) {
        const int element = integer(member.size);
        return member.count == 1 ? element : btf__add_array(types_, integer(4), element, member.count);
    }

    btf* types_;
    std::map<std::uint32_t, int> integers_;  ///< by size
};

}  // namespace

Result<UniqueFd> btf_with_structs(const std::filesystem::path& kernel_btf,
                                  std::span<const ExtraStruct> structs) {
    GADGET_TRY_ASSIGN(const BtfPtr types, kernel_types(kernel_btf));
    Writer writer(types.get());
    for (const ExtraStruct& type : structs) GADGET_TRY(writer.add(type));
    std::uint32_t size = 0;
    const void* const data = btf__raw_data(types.get(), &size);
    if (data == nullptr) return errno_error(ENOMEM, "writing the kernel's types");
    return memory_file("kernel-types", std::span(static_cast<const std::byte*>(data), size));
}

}  // namespace gadget::runtime
