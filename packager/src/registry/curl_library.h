// SPDX-License-Identifier: Apache-2.0
// libcurl, loaded when the first request is made: commands that speak to no registry run without it, and a
// machine that lacks it is told so in words.
#pragma once

#include <curl/curl.h>

#include "gadget/support/result.h"

namespace gadget::packager {

/// The functions of libcurl that are used. They stay loaded until the process ends.
struct CurlLibrary {
    decltype(&curl_global_init) global_init = nullptr;
    decltype(&curl_slist_append) slist_append = nullptr;
    decltype(&curl_slist_free_all) slist_free_all = nullptr;
    decltype(&curl_easy_init) easy_init = nullptr;
    decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&curl_easy_reset) easy_reset = nullptr;
    decltype(&curl_easy_setopt) easy_setopt = nullptr;
    decltype(&curl_easy_pause) easy_pause = nullptr;
    decltype(&curl_easy_strerror) easy_strerror = nullptr;
    decltype(&curl_multi_init) multi_init = nullptr;
    decltype(&curl_multi_cleanup) multi_cleanup = nullptr;
    decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
    decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
    decltype(&curl_multi_perform) multi_perform = nullptr;
    decltype(&curl_multi_info_read) multi_info_read = nullptr;
    decltype(&curl_multi_poll) multi_poll = nullptr;
};

/// Loads the shared library `file` ("libcurl.so.4"). unsupported: it is not there, or lacks a function; the
/// hint names the package.
[[nodiscard]] Result<CurlLibrary> load_curl(const char* file);

/// The library of this machine, loaded and initialised once; safe to call from several threads.
[[nodiscard]] const Result<CurlLibrary>& curl_library();

}  // namespace gadget::packager
