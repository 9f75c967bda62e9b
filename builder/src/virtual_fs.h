// SPDX-License-Identifier: Apache-2.0
// The FileStore in the shape in which LLVM wants to see a file system.
#pragma once

#include <llvm/ADT/IntrusiveRefCntPtr.h>
#include <llvm/Support/VirtualFileSystem.h>

namespace gadget::builder {

class FileStore;

/// Borrows `files`.
llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> make_virtual_fs(FileStore& files);

}  // namespace gadget::builder
