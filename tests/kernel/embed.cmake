# SPDX-License-Identifier: Apache-2.0
# cmake -DINPUT=x.bpf.o -DSYMBOL=x -DOUTPUT=x.cpp -P embed.cmake: a C++ file that holds the bytes of another file.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include <cstddef>\n\
extern const unsigned char object_${SYMBOL}[];\n\
extern const std::size_t object_${SYMBOL}_size;\n\
const unsigned char object_${SYMBOL}[] = {\n${bytes}\n};\n\
const std::size_t object_${SYMBOL}_size = sizeof(object_${SYMBOL});\n")
