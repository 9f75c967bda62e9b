// SPDX-License-Identifier: Apache-2.0
#include "kernel_image_source.h"

#include <unistd.h>

#include "gadget/packager.h"
#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "image_names.h"
#include "places.h"
#include "registry_exec.h"

namespace gadget::cli {
namespace {

/// Of one layer; kernels with all of their modules are a few hundred megabytes.
constexpr std::uint64_t kMaxLayer = std::uint64_t{1} << 30;

Result<void> pull(const std::string& name) {
    GADGET_TRY_ASSIGN(const auto program, registry_program());
    SpawnOptions options;
    options.argv = {program.string(), "pull", "--bare", name};
    options.fds = {{STDERR_FILENO, 2}};
    GADGET_TRY_ASSIGN(Subprocess child, Subprocess::spawn(options));
    GADGET_TRY_ASSIGN(const auto status, child.wait());
    if (status.success()) return {};
    return Error{
        .code = ErrorCode::io,
        .message = "'" + name + "' could not be pulled: gadget-registry ended with " + status.to_string(),
        .hint = "its own message stands above"};
}

const packager::ManifestNode* choose(const packager::ImageTree& tree, model::Arch arch) {
    if (const auto* manifest = tree.find(arch); manifest != nullptr) return manifest;
    // A lone manifest says in its config alone for which architecture it is; the kernel itself is checked
    // later.
    return tree.manifests.size() == 1 && !packager::is_index(tree.root) ? &tree.manifests[0] : nullptr;
}

Result<testkit::Kernel> add(testkit::KernelStore& kernels, const std::string& id, model::Arch arch,
                            const packager::Store& store, const packager::Reference& reference,
                            const Context& context) {
    const std::string name = reference.to_string();
    GADGET_TRY_ASSIGN(const auto reader, store.read());
    GADGET_TRY_ASSIGN(const auto root, reader.layout().find(reference.digest));
    GADGET_TRY_ASSIGN(const auto tree, packager::read_tree(reader.layout(), root));
    const auto* manifest = choose(tree, arch);
    if (manifest == nullptr) {
        return Error{.code = ErrorCode::not_found,
                     .message = "'" + name + "' has nothing for " + std::string(model::to_string(arch))};
    }
    const testkit::KernelLayers layers{.count = manifest->layers.size(), .read = [&](std::size_t index) {
                                           return reader.layout().read(manifest->layers[index], kMaxLayer);
                                       }};
    return kernels.add_layers(id, arch, layers, "oci:" + name, context.cancel);
}

}  // namespace

bool is_image_with_digest(const std::string& source) {
    std::error_code ignored;
    if (std::filesystem::exists(source, ignored)) return false;
    const auto reference = parse_image_name(source);
    return reference && !reference->digest.empty();
}

Result<testkit::Kernel> add_kernel_of_image(testkit::KernelStore& kernels, const std::string& id,
                                            model::Arch arch, const std::string& source,
                                            const Context& context) {
    GADGET_TRY_ASSIGN(const auto reference, parse_image_name(source));
    const std::string name = reference.to_string();
    GADGET_TRY_ASSIGN(const auto folder, store_folder());
    GADGET_TRY_ASSIGN(auto store, packager::Store::open(folder));
    const bool here = store.resolve(reference.digest).has_value();
    if (!here) GADGET_TRY(pull(name));
    auto kernel = add(kernels, id, arch, store, reference, context);
    if (!here) (void)store.remove(name);  // what stays is a cache, nothing depends on it
    return kernel;
}

}  // namespace gadget::cli
