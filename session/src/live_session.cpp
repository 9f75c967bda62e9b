// SPDX-License-Identifier: Apache-2.0
#include "live_session.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "gadget/support/text.h"

namespace gadget::session {
namespace {

using std::chrono::milliseconds;

/// Rows that wait for next(): what a reader that stopped may cost.
constexpr std::size_t kMaxQueuedBytes = std::size_t{16} << 20;

/// Sleeps until the token fires or `timeout` (negative: for ever) is over.
Result<void> wait(std::chrono::microseconds timeout, CancelToken cancel) {
    pollfd fd{.fd = cancel.fd, .events = POLLIN, .revents = 0};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
    const timespec limit{static_cast<time_t>(seconds.count()),
                         static_cast<long>(std::chrono::nanoseconds(timeout - seconds).count())};
    if (::ppoll(&fd, 1, timeout.count() < 0 ? nullptr : &limit, nullptr) < 0 && errno != EINTR)
        return errno_error(errno, "waiting for the next fetch");
    if (fd.revents != 0) return Error{.code = ErrorCode::cancelled, .message = "the run was interrupted"};
    return {};
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(Gadget gadget, Options options) {
    auto session = std::make_unique<LiveSession>(std::move(gadget), std::move(options));
    GADGET_TRY(session->prepare());
    return std::unique_ptr<Session>(std::move(session));
}

LiveSession::LiveSession(Gadget gadget, Options options)
    : gadget_(std::move(gadget)), options_(std::move(options)) {}

/// A Manager that goes hands over what waits: while everything is still there, and to nobody.
LiveSession::~LiveSession() {
    handler_ = [](const Delivery&) {};
    manager_.reset();
}

Result<void> LiveSession::start(RowHandler handler) {
    handler_ = std::move(handler);
    if (manager_) {
        GADGET_TRY(manager_->start());
        tell_missing_probes();
    }
    const auto now = Clock::now();
    for (auto& feed : feeds_) {
        if (feed.plan.statistics) GADGET_TRY(feed.plan.statistics->start());
        feed.schedule.start(now);
    }
    running_ = true;
    return {};
}

Result<void> LiveSession::poll(milliseconds timeout, CancelToken cancel) {
    milliseconds patience = timeout;
    for (const auto& feed : feeds_) {
        const auto due = feed.schedule.due();
        if (!due) continue;
        const auto left = std::max(std::chrono::ceil<milliseconds>(*due - Clock::now()), milliseconds(0));
        patience = patience.count() < 0 ? left : std::min(patience, left);
    }
    if (manager_) {
        GADGET_TRY(read_buffers(patience, cancel));
    } else {
        GADGET_TRY(wait(patience, cancel));
    }
    return fetch_due();
}

Result<void> LiveSession::read_buffers(milliseconds patience, CancelToken cancel) {
    const auto rest = pace_.rest();
    const bool rests = rest.count() > 0 && (patience.count() < 0 || rest <= patience);
    if (rests) GADGET_TRY(wait(rest, cancel));
    auto begin = Clock::now();
    GADGET_TRY_ASSIGN(std::size_t events, manager_->consume());
    if (events == 0 && !rests) {
        GADGET_TRY_ASSIGN(events, manager_->poll(patience, cancel));
        begin = Clock::now();
    }
    pace_.took(events, begin, Clock::now());
    return {};
}

Result<std::optional<Row>> LiveSession::next(milliseconds timeout, CancelToken cancel) {
    const auto deadline = Clock::now() + timeout;
    while (queue_.empty()) {
        if (finished() || !running_) return std::optional<Row>{};
        auto left = timeout;
        if (timeout.count() >= 0) {
            left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
            if (left.count() < 0) return std::optional<Row>{};
        }
        GADGET_TRY(poll(left, cancel));
        if (queue_.empty() && timeout.count() >= 0 && Clock::now() >= deadline) return std::optional<Row>{};
    }
    Row row = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= row.bytes.size();
    return std::optional<Row>(std::move(row));
}

bool LiveSession::finished() const {
    return running_ && std::all_of(feeds_.begin(), feeds_.end(), [](const Feed& feed) {
               return feed.plan.kind != SourceKind::tracer && feed.schedule.finished();
           });
}

Result<void> LiveSession::stop() {
    if (!running_) return {};
    running_ = false;
    fetch_at_end(SourceKind::iterator);  // while the programs are still attached
    fetch_at_end(SourceKind::statistics);
    Result<void> outcome;
    if (manager_) {
        count_losses();  // before the detaching, during which nobody reads and nobody is meant to
        outcome = manager_->pause();
        if (outcome) {
            auto rest = manager_->consume();
            if (!rest) outcome = std::move(rest).error();
        }
        fetch_at_end(SourceKind::map_iterator);
        Result<void> stopped = manager_->stop();
        if (outcome) outcome = std::move(stopped);
    }
    tell_short_rows();
    return outcome;
}

void LiveSession::deliver(std::size_t index, std::span<const events::Record> rows) {
    const std::size_t whole = feeds_[index].plan.record_size;
    for (const auto& row : rows) short_[index] += row.size() < whole ? 1 : 0;
    View& view = views_[index];
    if (!view.passes_all()) {
        selected_.assign(rows.begin(), rows.end());
        view.apply(selected_);
        rows = selected_;
    }
    if (rows.empty() && !sources_[index]->is_array()) return;
    if (handler_) {
        handler_({*sources_[index], index, rows});
    } else {
        queue(index, rows);
    }
}

void LiveSession::queue(std::size_t index, std::span<const events::Record> rows) {
    for (const auto& row : rows) {
        if (queued_bytes_ + row.size() > kMaxQueuedBytes) {
            ++dropped_[index];
            continue;
        }
        queued_bytes_ += row.size();
        queue_.push_back({sources_[index].get(), Bytes(row.begin(), row.end())});
    }
}

Result<void> LiveSession::fetch_due() {
    for (std::size_t i = 0; i < feeds_.size(); ++i) {
        const auto due = feeds_[i].schedule.due();
        if (!due || *due > Clock::now()) continue;
        fetch(i);
        feeds_[i].schedule.fetched(Clock::now());
    }
    return {};
}

/// Rows that came before an error are shown; the run goes on.
void LiveSession::fetch(std::size_t index) {
    Feed& feed = feeds_[index];
    fetched_.clear();
    Result<void> outcome;
    if (feed.map) {
        outcome = fetch_map(feed);
    } else if (feed.plan.statistics) {
        outcome = fetch_statistics(feed);
    } else {
        outcome = fetch_iterator(feed);
    }
    if (!outcome) warn("data source '" + sources_[index]->name() + "': " + outcome.error().to_string());
    deliver(index, fetched_);
}

Result<void> LiveSession::fetch_map(Feed& feed) {
    feed.rows->clear();
    Result<void> outcome = feed.map->fetch(*feed.rows);
    feed.rows->records(fetched_);
    return outcome;
}

Result<void> LiveSession::fetch_iterator(Feed& feed) {
    bytes_.clear();
    Result<void> outcome;
    for (const auto& program : feed.plan.programs) {
        const auto open = [&] { return manager_->open_iterator({program}); };
        const bool is_network = feed.plan.per_network_namespace && !options_.network_namespaces.empty();
        outcome = is_network ? read_iterator_in(options_.network_namespaces, open, bytes_)
                             : read_iterator(open, bytes_);
        if (!outcome) break;
    }
    const std::size_t size = feed.plan.record_size;
    Result<void> cut = events::split_records(bytes_, size, fetched_);
    if (!cut) {
        bytes_.resize(bytes_.size() / size * size);
        (void)events::split_records(bytes_, size, fetched_);  // what was whole
    }
    return outcome ? std::move(cut) : std::move(outcome);
}

Result<void> LiveSession::fetch_statistics(Feed& feed) {
    bytes_.clear();
    Result<void> outcome = feed.plan.statistics->collect(bytes_);
    (void)events::split_records(bytes_, feed.plan.record_size, fetched_);  // whole rows by construction
    return outcome;
}

void LiveSession::fetch_at_end(SourceKind kind) {
    for (std::size_t i = 0; i < feeds_.size(); ++i) {
        if (sources_[i]->kind == kind && feeds_[i].schedule.on_stop()) fetch(i);
    }
}

void LiveSession::count_losses() {
    losses_.clear();
    const auto stats = manager_->reader_stats();
    for (std::size_t i = 0; i < feeds_.size(); ++i) {
        std::uint64_t lost = dropped_[i];
        if (sources_[i]->kind == SourceKind::tracer && feeds_[i].plan.perf) {
            for (const auto& reader : stats) lost += reader.map == feeds_[i].plan.map ? reader.lost : 0;
        } else if (sources_[i]->kind == SourceKind::tracer) {
            lost += manager_->lost_samples(feeds_[i].plan.map).value_or(0U);
        }
        if (lost > 0) losses_.push_back({sources_[i]->name(), lost});
    }
}

void LiveSession::tell_short_rows() const {
    for (std::size_t i = 0; i < feeds_.size(); ++i) {
        if (short_[i] == 0) continue;
        warn(std::to_string(short_[i]) + " events of '" + printable(sources_[i]->name()) +
             "' have fewer bytes than '" + printable(sources_[i]->schema.struct_name) +
             "': what is missing is shown as zero");
    }
}

void LiveSession::append_kernel_stack(std::uint32_t id, std::string& out) {
    if (!manager_) return;
    const auto found = manager_->lookup("ig_kstack", std::as_bytes(std::span(&id, 1)));
    if (!found || !*found) return;
    if (!symbols_) {
        constexpr std::size_t kMaxKallsyms = std::size_t{256} << 20;
        const UniqueFd file(::open("/proc/kallsyms", O_RDONLY | O_CLOEXEC));
        const auto text =
            file ? read_all(file.get(), kMaxKallsyms, "/proc/kallsyms") : Result<Bytes>(Bytes{});
        symbols_ = events::KernelSymbols::parse(text ? as_text(*text) : std::string_view());
    }
    std::vector<std::uint64_t> addresses((*found)->size() / sizeof(std::uint64_t));
    std::memcpy(addresses.data(), (*found)->data(), addresses.size() * sizeof(std::uint64_t));
    symbols_->append_stack(addresses, out);
}

/// Why probes that the gadget can do without do not run, each reason once.
void LiveSession::tell_missing_probes() const {
    std::set<std::string> told;
    for (const auto& probe : manager_->status()) {
        if (probe.state != runtime::ProbeState::failed || !probe.reason) continue;
        if (!told.insert(probe.reason->message).second) continue;
        warn("program '" + probe.id.program + "' does not run: " + probe.reason->message);
    }
}

void LiveSession::warn(const std::string& text) const {
    if (options_.on_warning) options_.on_warning(text);
}

}  // namespace gadget::session
