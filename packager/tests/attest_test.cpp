// SPDX-License-Identifier: Apache-2.0
// Documents about images, policies about signatures, and the two other forms of content.
#include "gadget/packager/attest.h"

#include <gtest/gtest.h>

#include "gadget/packager/bpfman.h"
#include "gadget/packager/btfgen.h"
#include "gadget/packager/policy.h"
#include "gadget/support/subprocess.h"
#include "gzip.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

BuildRecord record() {
    return {.name = "x",
            .license = "GPL-2.0-only",
            .created = test::kCreated,
            .tool_version = "0.1",
            .flags = {{"amd64", {"-O2"}}, {"arm64", {"-O2", "-DARM"}}},
            .sources = {{.name = "program.bpf.c", .version = {}, .sha256 = std::string(64, 'a')}},
            .headers = {{.name = "vmlinux.h", .version = "6.12", .sha256 = std::string(64, 'b')}},
            .tools = {{.name = "clang", .version = "19.1", .sha256 = {}}}};
}

class AttestTest : public ::testing::Test {
  protected:
    /// The image with its documents, in a store; and what is found there.
    std::vector<AttachmentInfo> check(const std::string& sbom, const std::string& provenance) {
        const Image first = attach_document(image_.root, AttachmentKind::sbom, sbom, test::kCreated);
        const Image second =
            attach_document(image_.root, AttachmentKind::provenance, provenance, test::kCreated);
        EXPECT_TRUE(store_.add(image_, "r/x:v1"));
        EXPECT_TRUE(store_.add(first, ""));
        EXPECT_TRUE(store_.add(second, ""));
        const auto reader = store_.read();
        const auto tree = read_tree(reader->layout(), image_.root);
        auto found = check_attachments(reader->layout(), *tree);
        EXPECT_TRUE(found) << found.error().to_string();
        std::sort(found->begin(), found->end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
        return *found;
    }

    TempDir dir_ = *TempDir::create("attest-test");
    Store store_ = *Store::open(dir_.path() / "store");
    Image image_ = test::image("x");
};

TEST_F(AttestTest, DocumentsAreTheSameEachTimeAndFitTheirImage) {
    const auto sbom = sbom_document(image_, record());
    const auto provenance = provenance_document(image_, record());
    ASSERT_TRUE(sbom && provenance);
    EXPECT_EQ(*sbom, *sbom_document(image_, record()));
    EXPECT_NE(sbom->find(R"("spdxVersion":"SPDX-2.3")"), std::string::npos);
    EXPECT_NE(provenance->find(R"("predicateType":"https://slsa.dev/provenance/v1")"), std::string::npos);
    EXPECT_NE(provenance->find(R"("compilerFlags":{"amd64":["-O2"],"arm64":["-O2","-DARM"]})"),
              std::string::npos)
        << *provenance;
    const auto found = check(*sbom, *provenance);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].kind, AttachmentKind::sbom);
    EXPECT_EQ(found[0].problem, "");
    EXPECT_EQ(found[0].summary, "SPDX-2.3, 5 packages, lists all 2 layers");
    EXPECT_EQ(found[1].kind, AttachmentKind::provenance);
    EXPECT_EQ(found[1].problem, "");
}

TEST_F(AttestTest, DocumentsAboutAnotherImageAreTold) {
    const Image other = test::image("other", "other");
    const auto found = check(*sbom_document(other, record()), *provenance_document(other, record()));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].problem, "is about another image");
    EXPECT_EQ(found[1].problem, "is about another image");
}

TEST_F(AttestTest, NonsenseAndMissingLayersAreTold) {
    std::string sbom = *sbom_document(image_, record());
    const auto layer = load_gadget(MemoryBlobs(image_), image_.root, model::Arch::amd64);
    const std::string digest = sha256_digest(*layer->ebpf).substr(7);
    sbom.replace(sbom.find(digest), digest.size(), std::string(64, '0'));
    const auto found = check(sbom, "[]");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].problem, "does not list layer sha256:" + digest);
    EXPECT_EQ(found[1].problem, "is not a JSON object");
}

TEST(Policy, SaysWhatIsWrongWithAFile) {
    for (const char* text :
         {"", "[]", R"({"rules":[]})", R"({"version":2,"rules":[]})", R"({"version":1,"rules":[{}]})",
          R"({"version":1,"rules":[{"images":["a*b"],"keys":["k"]}]})",
          R"({"version":1,"rules":[{"images":["a"]}]})",
          R"({"version":1,"rules":[{"images":["a"],"keys":["k"],"unsigned":"accept"}]})",
          R"({"version":1,"rules":[{"images":["a"],"keys":["k"],"identites":[]}]})",
          R"({"version":1,"more":1,"rules":[]})"}) {
        EXPECT_EQ(parse_policy(text, "p.json").error().code, ErrorCode::rejected_input) << text;
    }
}

TEST(Policy, TheFirstRuleThatMatchesDecides) {
    const auto policy = parse_policy(
        R"({"version":1,"rules":[{"images":["r/me/*"],"keys":["me.pub"],"identities":["r/me/*"]},)"
        R"({"images":["r/*"],"unsigned":"accept"}]})",
        "p");
    ASSERT_TRUE(policy) << policy.error().to_string();
    EXPECT_EQ(policy->find("r/me/x:v1"), &policy->rules[0]);
    EXPECT_EQ(policy->find("r/you/x:v1"), &policy->rules[1]);
    EXPECT_EQ(policy->find("s/x:v1"), nullptr);
}

TEST(Policy, ASignatureCountsForItsRepositoryOnly) {
    const auto dir = TempDir::create("policy-test");
    auto store = *Store::open(dir->path() / "store");
    const auto image = test::image("x");
    const auto key = PrivateKey::generate();
    ASSERT_TRUE(store.add(image, "r/me/x:v1"));
    ASSERT_TRUE(
        store.add(*sign_image(image.root, "r/me/x", *key), "r/me/x:" + signature_tag(image.root.digest)));
    const auto reader = store.read();
    const auto policy = parse_policy(R"({"version":1,"rules":[{"images":["r/*"],"keys":["me.pub"]}]})", "p");
    const KeyReader keys = [&](const std::string&) { return key->public_pem(); };
    const auto good = check_policy(*policy, reader->layout(), image.root, "r/me/x:v1", keys);
    ASSERT_TRUE(good) << good.error().to_string();
    EXPECT_TRUE(good->is_signed);
    const auto moved = check_policy(*policy, reader->layout(), image.root, "r/you/x:v1", keys);
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code, ErrorCode::permission_denied);
    EXPECT_NE(moved.error().message.find("as 'r/me/x'"), std::string::npos) << moved.error().message;
    const auto outside = check_policy(*policy, reader->layout(), image.root, "s/x:v1", keys);
    EXPECT_EQ(outside.error().code, ErrorCode::permission_denied);
}

TEST(Btfgen, IsReadInItsOwnAndInUpstreamsForm) {
    const KernelName focal{"ubuntu", "20.04", "x86_64", "5.4.0-1"};
    const auto layer =
        pack_btfgen({{focal, test::bytes("focal")}, {{"debian", "11", "x86_64", "5.10"}, test::bytes("d")}});
    ASSERT_TRUE(layer) << layer.error().to_string();
    EXPECT_EQ(**find_btf(*layer, focal), test::bytes("focal"));
    EXPECT_FALSE(find_btf(*layer, {"ubuntu", "22.04", "x86_64", "5.4.0-1"})->has_value());
    const Bytes content = test::bytes("flat");
    const auto flat = gzip(tar_of({{"./5.4.0-1.btf", content}}));
    EXPECT_EQ(**find_btf(*flat, focal), content);
    EXPECT_EQ(pack_btfgen({{{"..", "1", "x", "y"}, {}}}).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(find_btf(test::bytes("no gzip"), focal).error().code, ErrorCode::corrupt_data);
}

TEST(Gzip, ABombIsRefused) {
    const auto bomb = gzip(Bytes(std::size_t{8} << 20));
    ASSERT_LT(bomb->size(), 20000U);
    EXPECT_EQ(gunzip(*bomb, 1 << 20).error().code, ErrorCode::rejected_input);
    EXPECT_EQ(gunzip(*bomb, 8 << 20)->size(), std::size_t{8} << 20);
    Bytes cut = *bomb;
    cut.resize(cut.size() - 20);
    EXPECT_EQ(gunzip(cut, 16 << 20).error().code, ErrorCode::corrupt_data);
}

TEST(Bpfman, UmociAndSkopeoFindTheObject) {
    for (const char* program : {"umoci", "skopeo"}) {
        if (!find_program(program, "/usr/bin:/bin:/usr/local/bin")) GTEST_SKIP() << "missing: " << program;
    }
    const auto dir = TempDir::create("bpfman-test");
    const auto path = [&](const char* name) { return (dir->path() / name).string(); };
    const auto run = [](std::vector<std::string> argv) {
        const auto output = run_command({.argv = std::move(argv)});
        EXPECT_TRUE(output && output->status.success())
            << (output ? output->err : output.error().to_string());
        return output ? output->out : std::string();
    };
    const auto image = pack_for_bpfman({{.arch = model::Arch::amd64,
                                         .object = test::bytes("ELF of amd64"),
                                         .programs = {{"on_open", "tracepoint"}},
                                         .maps = {{"events", "ringbuf"}}},
                                        {.arch = model::Arch::arm64, .object = test::bytes("ELF of arm64")}},
                                       test::kCreated);
    ASSERT_TRUE(image) << image.error().to_string();
    ASSERT_TRUE(write_tar(*image, path("both.tar"), "v1"));
    for (const std::string arch : {"amd64", "arm64"}) {
        const std::string layout = path(arch.c_str());
        run({"skopeo", "--tmpdir", dir->path(), "--insecure-policy", "--override-arch", arch, "copy", "-q",
             "oci-archive:" + path("both.tar") + ":v1", "oci:" + layout + ":v1"});
        const std::string seen = run({"skopeo", "inspect", "oci:" + layout + ":v1"});
        EXPECT_NE(seen.find("\"Architecture\": \"" + arch + "\""), std::string::npos) << seen;
        EXPECT_EQ(seen.find(R"({\"on_open\":\"tracepoint\"})") != std::string::npos, arch == "amd64") << seen;
        run({"umoci", "unpack", "--rootless", "--image", layout + ":v1", layout + "-bundle"});
        EXPECT_EQ(test::slurp(layout + "-bundle/rootfs/program.bpf.o"), "ELF of " + arch);
    }
}

TEST(Bpfman, OneTarLayerAndLabels) {
    const auto image = pack_for_bpfman({{.arch = model::Arch::amd64,
                                         .object = test::bytes("ELF"),
                                         .programs = {{"on_open", "tracepoint"}},
                                         .maps = {{"events", "ringbuf"}}}},
                                       test::kCreated);
    ASSERT_TRUE(image) << image.error().to_string();
    const auto tree = read_tree(MemoryBlobs(*image), image->root);
    ASSERT_EQ(tree->manifests.size(), 1U);
    ASSERT_EQ(tree->manifests[0].layers.size(), 1U);
    const auto& layer = image->blobs.at(tree->manifests[0].layers[0].digest);
    const auto tar = gunzip(layer, 1 << 20);
    ASSERT_TRUE(tar);
    EXPECT_TRUE(as_text(*tar).starts_with("program.bpf.o"));
    const auto config = as_text(image->blobs.at(tree->manifests[0].config.digest));
    EXPECT_NE(config.find(R"("io.ebpf.programs":"{\"on_open\":\"tracepoint\"}")"), std::string::npos)
        << config;
    EXPECT_NE(config.find(sha256_digest(*tar)), std::string::npos) << "the digest of the plain tar";
}

}  // namespace
}  // namespace gadget::packager
