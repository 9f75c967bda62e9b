// SPDX-License-Identifier: Apache-2.0
// packager: compiled objects and metadata <-> OCI images, as files and in a local store.
//
//   auto image = packager::pack({.manifest = manifest, .objects = {{Arch::amd64, object}}, ...});
//   packager::write_tar(*image, "image.oci.tar", "ghcr.io/me/foo:v1");
//   auto store = packager::Store::open(root);
//   store->add(*image, "ghcr.io/me/foo:v1");
//
// Images are those of Inspektor Gadget: an index with one manifest per architecture, metadata as config, raw
// layers. Everything that is read is taken for hostile: sizes are bounded and each blob is checked against
// its digest.
#pragma once

#include "gadget/packager/attest.h"
#include "gadget/packager/bpfman.h"
#include "gadget/packager/btfgen.h"
#include "gadget/packager/image.h"
#include "gadget/packager/layout.h"
#include "gadget/packager/pack.h"
#include "gadget/packager/policy.h"
#include "gadget/packager/reference.h"
#include "gadget/packager/signing.h"
#include "gadget/packager/store.h"
