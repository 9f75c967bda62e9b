// SPDX-License-Identifier: Apache-2.0
// One line for a record. Values are written straight into the line and padded there; only what does not fit
// its column takes the slow way.
#include <algorithm>
#include <cstring>

#include "columns_layout.h"
#include "escape.h"
#include "evaluator.h"
#include "gadget/events/writers.h"
#include "numbers.h"
#include "output_buffer.h"
#include "units.h"

namespace gadget::events {
namespace {

using detail::Alignment;
using detail::Column;
using detail::ColumnStyle;
using detail::Ellipsis;
using detail::Node;
using detail::Op;
using detail::Style;
using detail::View;

constexpr std::string_view kEllipsisMark = "\xe2\x80\xa6";

bool is_ascii(const char* from, const char* end) {
    for (; end - from >= 8; from += 8) {
        if ((detail::load<std::uint64_t>(reinterpret_cast<const unsigned char*>(from)) &
             0x8080808080808080) != 0)
            return false;
    }
    for (; from < end; ++from) {
        if (static_cast<unsigned char>(*from) >= 0x80) return false;
    }
    return true;
}

struct Piece {
    std::size_t bytes = 0;
    unsigned cells = 0;
};

/// The longest start of `text` that takes at most `cells`.
Piece head(std::string_view text, unsigned cells) {
    Piece piece;
    while (piece.bytes < text.size()) {
        std::size_t length = 0;
        const auto* at = reinterpret_cast<const unsigned char*>(text.data() + piece.bytes);
        const unsigned wide = detail::char_cells(detail::decode_utf8(at, text.size() - piece.bytes, length));
        if (piece.cells + wide > cells) break;
        piece.bytes += length;
        piece.cells += wide;
    }
    return piece;
}

/// The longest end of `text` that takes at most `cells`; `total` = cells of the whole text.
Piece rear(std::string_view text, unsigned cells, unsigned total) {
    Piece left{text.size(), total};
    std::size_t at = 0;
    while (left.cells > cells && at < text.size()) {
        std::size_t length = 0;
        left.cells -= detail::char_cells(detail::decode_utf8(
            reinterpret_cast<const unsigned char*>(text.data() + at), text.size() - at, length));
        at += length;
    }
    return {text.size() - at, left.cells};
}

/// `text` cut to `width` cells with the mark where the style wants it.
std::string shorten(std::string_view text, unsigned width, unsigned total, Ellipsis ellipsis,
                    unsigned& cells) {
    if (ellipsis == Ellipsis::none || width < 2) {
        const Piece piece = head(text, width);
        cells = piece.cells;
        return std::string(text.substr(0, piece.bytes));
    }
    const unsigned kept = width - 1;
    const Piece first = ellipsis == Ellipsis::end      ? head(text, kept)
                        : ellipsis == Ellipsis::middle ? head(text, kept - kept / 2)
                                                       : Piece{};
    const Piece last = ellipsis == Ellipsis::start    ? rear(text, kept, total)
                       : ellipsis == Ellipsis::middle ? rear(text, kept / 2, total)
                                                      : Piece{};
    cells = first.cells + 1 + last.cells;
    std::string result(text.substr(0, first.bytes));
    result += kEllipsisMark;
    result += text.substr(text.size() - last.bytes);
    return result;
}

/// Brings the text between `from` and `end` to the width of the column; the last one on the line gets no
/// blanks after it.
char* fit_cell(char* from, char* end, unsigned width, const ColumnStyle& style, bool last) {
    auto cells = static_cast<unsigned>(end - from);
    const bool ascii = is_ascii(from, end);
    if (!ascii) cells = head({from, static_cast<std::size_t>(end - from)}, ~0U).cells;
    if (cells > width) {
        const std::string text =
            shorten({from, static_cast<std::size_t>(end - from)}, width, cells, style.ellipsis, cells);
        std::memcpy(from, text.data(), text.size());
        end = from + text.size();
    }
    if (cells >= width) return end;
    const unsigned blanks = width - cells;
    if (style.alignment == Alignment::right) {
        std::memmove(from + blanks, from, static_cast<std::size_t>(end - from));
        std::memset(from, ' ', blanks);
        return end + blanks;
    }
    if (last) return end;
    std::memset(end, ' ', blanks);
    return end + blanks;
}

}  // namespace

struct ColumnsWriter::Impl {
    explicit Impl(const DataSource& source)
        : plan(source.plan()), evaluator(*plan), view(plan->record_size) {}

    void fit(unsigned terminal_width) {
        fit_columns(columns, terminal_width);
        shown.clear();
        for (const Column& column : columns) {
            if (column.width > 0) shown.push_back(&column);
        }
        header.clear();
        std::vector<char> cell;
        for (const Column* column : shown) {
            cell.assign(column->title.size() + column->width + 16, ' ');
            std::copy(column->title.begin(), column->title.end(), cell.begin());
            ColumnStyle style = column->style->column;
            style.ellipsis = Ellipsis::end;
            char* const end = fit_cell(cell.data(), cell.data() + column->title.size(), column->width, style,
                                       column == shown.back());
            if (column != shown.front()) header += ' ';
            header.append(cell.data(), static_cast<std::size_t>(end - cell.data()));
        }
        header += '\n';
    }

    char* write_value(const Node& style, const Node& node, const View& bytes, char* at) {
        if (node.op == Op::bytes || node.op == Op::array || node.op == Op::tail || node.op == Op::container) {
            const std::size_t size =
                node.op == Op::tail ? detail::Evaluator::tail_size(node, bytes) : node.size;
            *at++ = '<';
            at = detail::write_unsigned(at, size);
            std::memcpy(at, " bytes>", 7);
            return at + 7;
        }
        if (style.column.hex && value_type(node.op) == ValueType::integer) {
            std::uint64_t value = evaluator.number(node, bytes);
            if (node.size < 8 && node.op != Op::bits) value &= (std::uint64_t{1} << (node.size * 8)) - 1;
            std::memcpy(at, "0x", 2);
            return detail::write_hex(at + 2, value);
        }
        if (style.column.precision >= 0 && value_type(node.op) == ValueType::floating) {
            return detail::write_fixed(at, evaluator.floating(node, bytes), style.column.precision);
        }
        return evaluator.write<Style::terminal>(node, bytes, at);
    }

    std::shared_ptr<const detail::Plan> plan;
    detail::Evaluator evaluator;
    detail::ViewMaker view;
    detail::OutputBuffer buffer;
    std::vector<Column> columns;
    std::vector<const Column*> shown;  ///< in `columns`
    std::string header;
};

Result<ColumnsWriter> ColumnsWriter::create(const DataSource& source, const ColumnsOptions& options) {
    auto impl = std::make_unique<Impl>(source);
    GADGET_TRY_ASSIGN(impl->columns, choose_columns(*impl->plan, options.fields));
    impl->fit(options.terminal_width);
    return ColumnsWriter(std::move(impl));
}

ColumnsWriter::ColumnsWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ColumnsWriter::ColumnsWriter(ColumnsWriter&&) noexcept = default;
ColumnsWriter& ColumnsWriter::operator=(ColumnsWriter&&) noexcept = default;
ColumnsWriter::~ColumnsWriter() = default;

const std::string& ColumnsWriter::header() const {
    return impl_->header;
}
void ColumnsWriter::set_terminal_width(unsigned width) {
    impl_->fit(width);
}

void ColumnsWriter::append(Record record, std::string& out) {
    Impl& impl = *impl_;
    const View bytes = impl.view(record);
    char* at = impl.buffer.begin();
    for (const Column* column : impl.shown) {
        const Node& node = *column->value;
        at = impl.buffer.reserve(at, impl.evaluator.room(node, bytes) + column->width + 64, out);
        if (column != impl.shown.front()) *at++ = ' ';
        char* const end = impl.write_value(*column->style, node, bytes, at);
        at = fit_cell(at, end, column->width, column->style->column, column == impl.shown.back());
    }
    at = impl.buffer.reserve(at, 1, out);
    *at++ = '\n';
    impl.buffer.flush(at, out);
}

}  // namespace gadget::events
