// SPDX-License-Identifier: Apache-2.0
#include "names.h"

#include <array>
#include <cstddef>

namespace gadget::events::detail {
namespace {

struct Name {
    std::uint32_t number;
    std::string_view name;
};

constexpr Name kErrnos[] = {
    {1, "EPERM"},
    {2, "ENOENT"},
    {3, "ESRCH"},
    {4, "EINTR"},
    {5, "EIO"},
    {6, "ENXIO"},
    {7, "E2BIG"},
    {8, "ENOEXEC"},
    {9, "EBADF"},
    {10, "ECHILD"},
    {11, "EAGAIN"},
    {12, "ENOMEM"},
    {13, "EACCES"},
    {14, "EFAULT"},
    {15, "ENOTBLK"},
    {16, "EBUSY"},
    {17, "EEXIST"},
    {18, "EXDEV"},
    {19, "ENODEV"},
    {20, "ENOTDIR"},
    {21, "EISDIR"},
    {22, "EINVAL"},
    {23, "ENFILE"},
    {24, "EMFILE"},
    {25, "ENOTTY"},
    {26, "ETXTBSY"},
    {27, "EFBIG"},
    {28, "ENOSPC"},
    {29, "ESPIPE"},
    {30, "EROFS"},
    {31, "EMLINK"},
    {32, "EPIPE"},
    {33, "EDOM"},
    {34, "ERANGE"},
    {35, "EDEADLK"},
    {36, "ENAMETOOLONG"},
    {37, "ENOLCK"},
    {38, "ENOSYS"},
    {39, "ENOTEMPTY"},
    {40, "ELOOP"},
    {42, "ENOMSG"},
    {43, "EIDRM"},
    {44, "ECHRNG"},
    {45, "EL2NSYNC"},
    {46, "EL3HLT"},
    {47, "EL3RST"},
    {48, "ELNRNG"},
    {49, "EUNATCH"},
    {50, "ENOCSI"},
    {51, "EL2HLT"},
    {52, "EBADE"},
    {53, "EBADR"},
    {54, "EXFULL"},
    {55, "ENOANO"},
    {56, "EBADRQC"},
    {57, "EBADSLT"},
    {59, "EBFONT"},
    {60, "ENOSTR"},
    {61, "ENODATA"},
    {62, "ETIME"},
    {63, "ENOSR"},
    {64, "ENONET"},
    {65, "ENOPKG"},
    {66, "EREMOTE"},
    {67, "ENOLINK"},
    {68, "EADV"},
    {69, "ESRMNT"},
    {70, "ECOMM"},
    {71, "EPROTO"},
    {72, "EMULTIHOP"},
    {73, "EDOTDOT"},
    {74, "EBADMSG"},
    {75, "EOVERFLOW"},
    {76, "ENOTUNIQ"},
    {77, "EBADFD"},
    {78, "EREMCHG"},
    {79, "ELIBACC"},
    {80, "ELIBBAD"},
    {81, "ELIBSCN"},
    {82, "ELIBMAX"},
    {83, "ELIBEXEC"},
    {84, "EILSEQ"},
    {85, "ERESTART"},
    {86, "ESTRPIPE"},
    {87, "EUSERS"},
    {88, "ENOTSOCK"},
    {89, "EDESTADDRREQ"},
    {90, "EMSGSIZE"},
    {91, "EPROTOTYPE"},
    {92, "ENOPROTOOPT"},
    {93, "EPROTONOSUPPORT"},
    {94, "ESOCKTNOSUPPORT"},
    {95, "ENOTSUP"},
    {96, "EPFNOSUPPORT"},
    {97, "EAFNOSUPPORT"},
    {98, "EADDRINUSE"},
    {99, "EADDRNOTAVAIL"},
    {100, "ENETDOWN"},
    {101, "ENETUNREACH"},
    {102, "ENETRESET"},
    {103, "ECONNABORTED"},
    {104, "ECONNRESET"},
    {105, "ENOBUFS"},
    {106, "EISCONN"},
    {107, "ENOTCONN"},
    {108, "ESHUTDOWN"},
    {109, "ETOOMANYREFS"},
    {110, "ETIMEDOUT"},
    {111, "ECONNREFUSED"},
    {112, "EHOSTDOWN"},
    {113, "EHOSTUNREACH"},
    {114, "EALREADY"},
    {115, "EINPROGRESS"},
    {116, "ESTALE"},
    {117, "EUCLEAN"},
    {118, "ENOTNAM"},
    {119, "ENAVAIL"},
    {120, "EISNAM"},
    {121, "EREMOTEIO"},
    {122, "EDQUOT"},
    {123, "ENOMEDIUM"},
    {124, "EMEDIUMTYPE"},
    {125, "ECANCELED"},
    {126, "ENOKEY"},
    {127, "EKEYEXPIRED"},
    {128, "EKEYREVOKED"},
    {129, "EKEYREJECTED"},
    {130, "EOWNERDEAD"},
    {131, "ENOTRECOVERABLE"},
    {132, "ERFKILL"},
    {133, "EHWPOISON"},
};

constexpr Name kSignals[] = {
    {1, "SIGHUP"},   {2, "SIGINT"},     {3, "SIGQUIT"},  {4, "SIGILL"},     {5, "SIGTRAP"},  {6, "SIGABRT"},
    {7, "SIGBUS"},   {8, "SIGFPE"},     {9, "SIGKILL"},  {10, "SIGUSR1"},   {11, "SIGSEGV"}, {12, "SIGUSR2"},
    {13, "SIGPIPE"}, {14, "SIGALRM"},   {15, "SIGTERM"}, {16, "SIGSTKFLT"}, {17, "SIGCHLD"}, {18, "SIGCONT"},
    {19, "SIGSTOP"}, {20, "SIGTSTP"},   {21, "SIGTTIN"}, {22, "SIGTTOU"},   {23, "SIGURG"},  {24, "SIGXCPU"},
    {25, "SIGXFSZ"}, {26, "SIGVTALRM"}, {27, "SIGPROF"}, {28, "SIGWINCH"},  {29, "SIGIO"},   {30, "SIGPWR"},
    {31, "SIGSYS"},
};

// Protocol numbers of <linux/in.h>.
constexpr Name kProtocols[] = {
    {0, "IP"},        {1, "ICMP"},   {2, "IGMP"},       {4, "IPIP"},   {6, "TCP"},     {8, "EGP"},
    {12, "PUP"},      {17, "UDP"},   {22, "IDP"},       {29, "TP"},    {33, "DCCP"},   {41, "IPV6"},
    {46, "RSVP"},     {47, "GRE"},   {50, "ESP"},       {51, "AH"},    {58, "ICMPV6"}, {92, "MTP"},
    {94, "BEETPH"},   {98, "ENCAP"}, {103, "PIM"},      {108, "COMP"}, {115, "L2TP"},  {132, "SCTP"},
    {136, "UDPLITE"}, {137, "MPLS"}, {143, "ETHERNET"}, {255, "RAW"},  {262, "MPTCP"},
};

#include "syscall_table.inc"

/// Names by number: the numbers are small and nearly without gaps.
template <std::size_t kSize, std::size_t kCount>
constexpr std::array<std::string_view, kSize> index_by_number(const Name (&names)[kCount]) {
    std::array<std::string_view, kSize> table{};
    for (const Name& name : names) {
        if (name.number < kSize && table[name.number].empty()) table[name.number] = name.name;
    }
    return table;
}

constexpr auto kErrnoTable = index_by_number<134>(kErrnos);
constexpr auto kSignalTable = index_by_number<32>(kSignals);
constexpr auto kProtocolTable = index_by_number<263>(kProtocols);
constexpr auto kAmd64Table = index_by_number<1024>(kSyscallsAmd64);
constexpr auto kArm64Table = index_by_number<1024>(kSyscallsArm64);

template <std::size_t kSize>
std::string_view lookup(const std::array<std::string_view, kSize>& table, std::uint64_t number) {
    return number < kSize ? table[static_cast<std::size_t>(number)] : std::string_view{};
}

}  // namespace

std::string_view errno_name(std::uint32_t number) {
    return lookup(kErrnoTable, number);
}
std::string_view signal_name(std::uint32_t number) {
    return lookup(kSignalTable, number);
}
std::string_view protocol_name(std::uint32_t number) {
    return lookup(kProtocolTable, number);
}
std::string_view syscall_name(model::Arch arch, std::uint64_t number) {
    return arch == model::Arch::arm64 ? lookup(kArm64Table, number) : lookup(kAmd64Table, number);
}

}  // namespace gadget::events::detail
