// SPDX-License-Identifier: Apache-2.0
// The parameters of a gadget: from GADGET_PARAM markers, BTF and metadata to flags, and from the words of the
// user to the bytes of a constant.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gadget/model.h"
#include "gadget/support/files.h"

namespace gadget::session {

struct Param {
    std::string key;       ///< flag without dashes
    std::string variable;  ///< of the object; empty for a custom parameter, which changes the metadata
    std::string type;      ///< "uint32", "bool", "string (at most 15 bytes)"
    std::string description;
    std::string default_value;                   ///< as text
    model::Field field;                          ///< of the variable
    std::string initial{};                       ///< what the object holds, as text
    std::vector<std::string> possible_values{};  ///< empty: whatever the type takes
    std::string alias{};                         ///< another name of the flag, or empty
};

/// What the object of a gadget takes, in the order of its markers. Params without a variable are left out
/// (the validator names them).
std::vector<Param> gadget_params(const model::ObjectFacts& facts, const model::Manifest* manifest);

/// Values in words, by key; the last one of a key counts.
using ParamWords = std::vector<std::pair<std::string, std::string>>;

struct ParamValue {
    std::string variable;
    Bytes value;
};

/// The bytes of `text` for a parameter; invalid_argument names the parameter, what it takes and the range.
Result<Bytes> parse_param_value(const Param& param, const std::string& text);

/// Takes "--key value", "--key=value" and bare "--flag" (bool) apart. Unknown flags: invalid_argument with a
/// suggestion.
Result<ParamWords> split_param_words(const std::vector<Param>& params, const std::vector<std::string>& words);

/// The constants for `values`. Parameters that are not given get their default where the object does not hold
/// it. Unknown keys: invalid_argument with a suggestion.
Result<std::vector<ParamValue>> assign_params(const std::vector<Param>& params, const ParamWords& values);

/// A table for --help.
std::string describe_params(const std::vector<Param>& params);

}  // namespace gadget::session
