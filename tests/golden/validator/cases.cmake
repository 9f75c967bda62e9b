# SPDX-License-Identifier: Apache-2.0
# The cases, one for each rule of the validator. Flags for the compiler: GADGETKIT_FLAGS_<case>_<bad|good>.
set(GADGETKIT_VALIDATOR_CASES
)
