// SPDX-License-Identifier: Apache-2.0
#include "gadget/model/object_facts.h"

#include <algorithm>

namespace gadget::model {
namespace {

template <class T>
const T* find_named(const std::vector<T>& items, std::string_view name) {
    const auto found =
        std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
    return found == items.end() ? nullptr : &*found;
}

}  // namespace

const MapFacts* ObjectFacts::find_map(std::string_view name) const {
    return find_named(maps, name);
}

const ProgramFacts* ObjectFacts::find_program(std::string_view name) const {
    return find_named(programs, name);
}

const VariableFacts* ObjectFacts::find_variable(std::string_view name) const {
    return find_named(variables, name);
}

}  // namespace gadget::model
