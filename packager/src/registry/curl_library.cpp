// SPDX-License-Identifier: Apache-2.0
#include "curl_library.h"

#include <dlfcn.h>

#include <string>

#include "gadget/support/text.h"

namespace gadget::packager {

namespace {

constexpr const char* kFile = "libcurl.so.4";

Error missing(const std::string& why) {
    return {.code = ErrorCode::unsupported,
            .message = "registries are spoken to with libcurl, which this machine lacks: " + why,
            .hint = "install the package libcurl4",
            .requirement = Requirement{"libcurl", ""}};
}

/// What the dynamic loader said last.
std::string loader_words() {
    const char* words = ::dlerror();  // NOLINT(concurrency-mt-unsafe): each thread has its own text
    return words == nullptr ? "no reason given" : printable(words);
}

class Loader {
  public:
    explicit Loader(void* handle) : handle_(handle) {}

    template <class Function>
    void take(Function& into, const char* name) {
        into = reinterpret_cast<Function>(::dlsym(handle_, name));
        if (into == nullptr && lacking_.empty()) lacking_ = name;
    }
    [[nodiscard]] const std::string& lacking() const { return lacking_; }

  private:
    void* handle_;
    std::string lacking_;
};

}  // namespace

Result<CurlLibrary> load_curl(const char* file) {
    void* handle = ::dlopen(file, RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) return missing(loader_words());
    Loader loader(handle);
    CurlLibrary curl;
    loader.take(curl.global_init, "curl_global_init");
    loader.take(curl.slist_append, "curl_slist_append");
    loader.take(curl.slist_free_all, "curl_slist_free_all");
    loader.take(curl.easy_init, "curl_easy_init");
    loader.take(curl.easy_cleanup, "curl_easy_cleanup");
    loader.take(curl.easy_reset, "curl_easy_reset");
    loader.take(curl.easy_setopt, "curl_easy_setopt");
    loader.take(curl.easy_pause, "curl_easy_pause");
    loader.take(curl.easy_strerror, "curl_easy_strerror");
    loader.take(curl.multi_init, "curl_multi_init");
    loader.take(curl.multi_cleanup, "curl_multi_cleanup");
    loader.take(curl.multi_add_handle, "curl_multi_add_handle");
    loader.take(curl.multi_remove_handle, "curl_multi_remove_handle");
    loader.take(curl.multi_perform, "curl_multi_perform");
    loader.take(curl.multi_info_read, "curl_multi_info_read");
    loader.take(curl.multi_poll, "curl_multi_poll");
    if (!loader.lacking().empty()) return missing(std::string(file) + " has no function " + loader.lacking());
    return curl;
}

const Result<CurlLibrary>& curl_library() {
    static const Result<CurlLibrary> library = [] {
        auto loaded = load_curl(kFile);
        if (loaded && loaded->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
            loaded = missing("it does not start");
        return loaded;
    }();
    return library;
}

}  // namespace gadget::packager
