// SPDX-License-Identifier: Apache-2.0
// gadget build --update-metadata.
#include <sys/stat.h>

#include "command.h"

namespace gadget::tests {
namespace {

class UpdateMetadata : public CommandTest {
  protected:
    static std::string text_of(const std::filesystem::path& file) {
        return read_text_file(file).value_or("?");
    }
};

TEST_F(UpdateMetadata, WritesAFileForAGadgetWithoutOne) {
    const auto path = folder("tiny", {{"program.bpf.c", kTinyProgram}});
    const auto built = gadget({"build", path.string(), "-t", "tiny", "--update-metadata", "--strict"});
    EXPECT_EQ(built.status, 0) << built.err;
    EXPECT_EQ(text_of(path / "gadget.yaml"), R"(name: tiny
description: ""
datasources:
  switches:
    fields:
      pid:
        annotations:
          description: ""
      tid:
        annotations:
          description: ""
)");
    EXPECT_NE(built.err.find("added name, description and datasources; 3 descriptions are left to write"),
              std::string::npos)
        << built.err;
    EXPECT_NE(gadget({"inspect", "tiny"}).out.find("tiny"), std::string::npos) << "the image has it, too";
}

TEST_F(UpdateMetadata, KeepsEveryByteThatIsThere) {
    const std::string before =
        "# mine\nname:   tiny\ndescription: 'd'   # why\nx-own: {a: 1}\ndatasources:\n  switches:\n"
        "    fields:\n      tid: {annotations: {description: number}}\n      # the end\n\nprograms: {}\n";
    const auto path = folder("tiny", {{"program.bpf.c", kTinyProgram}, {"gadget.yaml", before}});
    ::chmod((path / "gadget.yaml").c_str(), 0640);
    const auto built = gadget({"build", path.string(), "--update-metadata"});
    EXPECT_EQ(built.status, 0) << built.err;
    std::string after = before;
    after.insert(after.find("\nprograms"), "      pid:\n        annotations:\n          description: \"\"\n");
    EXPECT_EQ(text_of(path / "gadget.yaml"), after);
    struct stat status{};
    ASSERT_EQ(::stat((path / "gadget.yaml").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0640U);

    const auto again = gadget({"build", path.string(), "--update-metadata"});
    EXPECT_NE(again.err.find("nothing is missing"), std::string::npos) << again.err;
    EXPECT_EQ(text_of(path / "gadget.yaml"), after);
}

TEST_F(UpdateMetadata, WorksWithoutASource) {
    const auto path = folder("meta", {{"gadget.yaml", "# only metadata\ndescription: d\n"}});
    const auto built = gadget({"build", path.string(), "--update-metadata"});
    EXPECT_EQ(built.status, 0) << built.err;
    EXPECT_EQ(text_of(path / "gadget.yaml"), "# only metadata\ndescription: d\nname: meta\n");
}

TEST_F(UpdateMetadata, LeavesTheFileAloneWhenTheSourceDoesNotCompile) {
    const auto path = folder("broken", {{"program.bpf.c", "int x = ;\n"}, {"gadget.yaml", "name: n\n"}});
    EXPECT_EQ(gadget({"build", path.string(), "--update-metadata"}).status, 1);
    EXPECT_EQ(text_of(path / "gadget.yaml"), "name: n\n");
}

TEST_F(UpdateMetadata, RefusesWhatItCannotAddToSafely) {
    const std::string before = "name: n\nx: &a {fields: {}}\ndatasources: {switches: *a, other: *a}\n";
    const auto path = folder("alias", {{"program.bpf.c", kTinyProgram}, {"gadget.yaml", before}});
    const auto built = gadget({"build", path.string(), "--update-metadata"});
    EXPECT_EQ(built.status, 1);
    EXPECT_NE(built.err.find("cannot add to '"), std::string::npos) << built.err;
    EXPECT_EQ(text_of(path / "gadget.yaml"), before);
}

}  // namespace
}  // namespace gadget::tests
