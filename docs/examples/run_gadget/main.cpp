// SPDX-License-Identifier: Apache-2.0
// Runs a gadget inside this program and prints one of its fields: run_gadget IMAGE FIELD [ROWS]
#include <gadget/session.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

int fail(const gadget::Error& error) {
    std::fprintf(stderr, "run_gadget: %s\n", error.to_string().c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: run_gadget IMAGE FIELD [ROWS]\n");
        return 2;
    }
    auto gadget = gadget::session::read_gadget(argv[1]);
    if (!gadget) return fail(gadget.error());
    auto session = gadget::session::Session::open(std::move(*gadget), {});
    if (!session) return fail(session.error());
    auto field = gadget::events::FieldReader::create((*session)->sources().front()->data, argv[2]);
    if (!field) return fail(field.error());

    if (auto started = (*session)->start(); !started) return fail(started.error());
    for (long left = argc > 3 ? std::strtol(argv[3], nullptr, 10) : 10; left > 0; --left) {
        auto row = (*session)->next(std::chrono::seconds(10));
        if (!row) return fail(row.error());
        if (!*row) break;  // nothing more within ten seconds
        if ((*row)->source == (*session)->sources().front().get())
            std::printf("%s\n", field->text((*row)->bytes).c_str());
    }
    if (auto stopped = (*session)->stop(); !stopped) return fail(stopped.error());
    return 0;
}
