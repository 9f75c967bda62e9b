// SPDX-License-Identifier: Apache-2.0
// The parameters of a gadget: from GADGET_PARAM markers, BTF and metadata to command line flags, and from the
// words of the user to the bytes of a constant.
#pragma once

#include <string>
#include <vector>

#include "gadget/model.h"
#include "gadget/support/files.h"

namespace gadget::cli {

struct Param {
    std::string key;  ///< flag without dashes
    std::string variable;
    std::string type;  ///< "uint32", "bool", "string (at most 15 bytes)"
    std::string description;
    std::string default_value;  ///< as text
    model::Field field;         ///< of the variable
};

/// What the gadget takes, in the order of its markers. Params without a variable are left out (the validator
/// names them).
std::vector<Param> gadget_params(const model::ObjectFacts& facts, const model::Manifest* manifest);

struct ParamValue {
    std::string variable;
    Bytes value;
};

/// The bytes of `text` for a parameter; invalid_argument names the parameter, what it takes and the range.
Result<Bytes> parse_param_value(const Param& param, const std::string& text);

/// Assigns "--key value", "--key=value" and bare "--flag" (bool) from `words`; string parameters that are not
/// given get their default, which the object does not hold. Unknown flags: invalid_argument with a
/// suggestion.
Result<std::vector<ParamValue>> assign_params(const std::vector<Param>& params,
                                              const std::vector<std::string>& words);

/// A table for --help.
std::string describe_params(const std::vector<Param>& params);

}  // namespace gadget::cli
