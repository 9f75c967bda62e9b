// SPDX-License-Identifier: Apache-2.0
// Which rows of a data source are delivered, and in which order: what a session and a replay have in common.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gadget/events.h"
#include "gadget/model/event_schema.h"
#include "gadget/model/manifest.h"

namespace gadget::session {

/// Options in the words of the command line.
struct ViewOptions {
    /// Conditions by source name, see events::Filter; name "" is for a gadget with one source.
    std::vector<std::pair<std::string, std::string>> filters{};
    std::vector<std::pair<std::string, std::string>> expressions{};
    std::string sort{};         ///< "field,-other" or "source:field;source:-field"; array sources only
    std::string max_entries{};  ///< "N" or "source:N,source:M"; array sources only
};

/// How a source comes to its rows.
enum class SourceKind : std::uint8_t {
    tracer,        ///< a row whenever something happens
    iterator,      ///< an array of rows each time the kernel is asked
    map_iterator,  ///< an array with what a map has gathered, which is emptied
    statistics,    ///< an array of rows that are made here, without an eBPF program
};

/// A data source that is ready to be shown.
struct Source {
    SourceKind kind = SourceKind::tracer;
    events::DataSource data;
    model::EventSchema schema;           ///< what `data` was made from, for recordings
    model::DataSourceMetadata metadata;  ///< likewise

    [[nodiscard]] const std::string& name() const { return data.name(); }
    [[nodiscard]] bool is_array() const { return kind != SourceKind::tracer; }
};

/// Rows of one source: of a tracer those that arrived together, of an array source all of one fetch (none,
/// when it found nothing). Valid during the call.
struct Delivery {
    const Source& source;
    std::size_t index;  ///< of the source in sources()
    std::span<const events::Record> rows;
};
using RowHandler = std::function<void(const Delivery& delivery)>;

/// Filters, sorts and cuts the rows of one source.
class View {
  public:
    /// `rejected_input`: an option that does not fit the source, named in the message. `only`: there is no
    /// other source, so that options without a name are meant for this one.
    static Result<View> create(const Source& source, bool only, const ViewOptions& options);

    /// Leaves in `rows` what is to be delivered.
    void apply(std::vector<events::Record>& rows);
    /// Whether apply() would leave everything as it is.
    [[nodiscard]] bool passes_all() const { return filters_.empty() && !sorter_ && !limit_; }

  private:
    std::vector<events::Filter> filters_;
    std::optional<events::Sorter> sorter_;
    std::optional<std::size_t> limit_;
};

/// Checks the options against all sources (names that do not exist, a sort without an array source) and makes
/// the view of each.
Result<std::vector<View>> make_views(const std::vector<std::unique_ptr<Source>>& sources,
                                     const ViewOptions& options);

}  // namespace gadget::session
