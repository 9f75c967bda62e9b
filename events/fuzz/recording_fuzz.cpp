// SPDX-License-Identifier: Apache-2.0
// Schemas, annotations and records chosen by libFuzzer, through every output. With clang:
//   cmake -S . -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19
//   -DCMAKE_BUILD_TYPE=Debug
//       -DGADGETKIT_FUZZ=ON -DGADGETKIT_WERROR=OFF -DGADGETKIT_SANITIZE=ON -DGADGETKIT_WITH_BUILDER=OFF
//   ninja -C build/fuzz events_fuzz events_seeds && build/fuzz/bin/events_seeds build/fuzz/seeds
//   build/fuzz/bin/events_fuzz -max_total_time=600 build/fuzz/seeds
#include "replay_everything.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    gadget::events::testing::replay_everything(data, size);
    return 0;
}
