// SPDX-License-Identifier: Apache-2.0
#include "initramfs.h"

#include <set>

#include "module_order.h"
#include "newc.h"

namespace gadget::testkit {

Result<Bytes> make_initramfs(const Kernel& kernel, std::span<const std::byte> runner, Job job,
                             const std::vector<InitramfsFile>& files) {
    NewcWriter archive;
    for (const auto* folder : {"dev", "proc", "sys", "tmp", "run", "bin", "modules", "gadgetkit"})
        archive.directory(folder);
    archive.file("init", runner, 0755);
    archive.symlink("bin/gadget-run", "/init");
    if (!kernel.modules.empty()) {
        // The distribution's kernels load modules without a signature; others may not.
        const bool plain = !kernel.version.empty();
        const auto port = port_modules();
        std::vector<std::string_view> wanted(port.begin(), port.end());
        wanted.insert(wanted.end(), job.wanted_modules.begin(), job.wanted_modules.end());
        GADGET_TRY_ASSIGN(const auto modules, order_modules(kernel.modules, wanted));
        for (const auto& path : modules) {
            GADGET_TRY_ASSIGN(Bytes module, read_file(path));
            if (plain) module = plain_module(std::move(module));
            const auto name = "modules/" + path.filename().string();
            archive.file(name, module);
            job.modules.push_back("/" + name);
        }
    }
    std::set<std::string> folders;
    for (const auto& file : files) {
        const auto name = file.name.starts_with('/') ? file.name.substr(1) : file.name;
        for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
            if (folders.insert(name.substr(0, slash)).second) archive.directory(name.substr(0, slash));
        }
        archive.file(name, file.content, file.mode);
    }
    archive.file(std::string_view(kJobPath).substr(1), as_bytes(encode_job(job)), 0600);
    return archive.finish();
}

}  // namespace gadget::testkit
