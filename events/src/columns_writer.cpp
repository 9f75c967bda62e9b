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

constexpr char kBlanks[] = "                ";
constexpr unsigned kBlock = sizeof kBlanks - 1;

/// May write up to kBlock bytes more than `count`.
void write_blanks(char* at, unsigned count) {
    for (unsigned done = 0; done < count; done += kBlock) std::memcpy(at + done, kBlanks, kBlock);
}

/// What is to be done for one column, worked out once.
struct Cell {
    enum class Kind : std::uint8_t { value, byte_count, hex, fixed_point };
    const Node* node = nullptr;
    const ColumnStyle* style = nullptr;
    unsigned width = 0;
    Kind kind = Kind::value;
    bool ascii = false;  ///< the value never has other characters
    bool right = false;
    bool last = false;     ///< on its line: no blanks follow
    std::size_t room = 0;  ///< 0 = ask for each record
};

char* shorten_cell(char* from, char* end, const Cell& cell, bool ascii, unsigned& cells) {
    if (ascii && cell.style->ellipsis == Ellipsis::end && cell.width >= 2) {
        std::memcpy(from + cell.width - 1, kEllipsisMark.data(), kEllipsisMark.size());
        cells = cell.width;
        return from + cell.width - 1 + kEllipsisMark.size();
    }
    const std::string text =
        shorten({from, static_cast<std::size_t>(end - from)}, cell.width, cells, cell.style->ellipsis, cells);
    std::memcpy(from, text.data(), text.size());
    return from + text.size();
}

/// Brings the text between `from` and `end` to the width of the column.
char* fit_cell(char* from, char* end, const Cell& cell) {
    auto cells = static_cast<unsigned>(end - from);
    const bool ascii = cell.ascii || is_ascii(from, end);
    if (!ascii) cells = head({from, static_cast<std::size_t>(end - from)}, ~0U).cells;
    if (cells > cell.width) end = shorten_cell(from, end, cell, ascii, cells);
    if (cells >= cell.width) return end;
    const unsigned blanks = cell.width - cells;
    if (!cell.right) {
        if (cell.last) return end;
        write_blanks(end, blanks);
        return end + blanks;
    }
    if (end - from <= static_cast<std::ptrdiff_t>(kBlock)) {
        char text[kBlock];
        std::memcpy(text, from, kBlock);
        write_blanks(from, blanks);
        std::memcpy(from + blanks, text, kBlock);
    } else {
        std::memmove(from + blanks, from, static_cast<std::size_t>(end - from));
        std::memset(from, ' ', blanks);
    }
    return end + blanks;
}

/// Whether values of this kind can have characters outside ASCII.
bool always_ascii(const Cell& cell) {
    if (cell.kind != Cell::Kind::value || !is_text(cell.node->op)) return true;
    switch (cell.node->op) {
        case Op::signal:
        case Op::errno_name:
        case Op::syscall:
        case Op::size_text:
        case Op::file_mode:
        case Op::file_flags:
        case Op::ip:
        case Op::endpoint:
        case Op::protocol:
            return true;
        default:
            return false;
    }
}

}  // namespace

struct ColumnsWriter::Impl {
    explicit Impl(const DataSource& source)
        : plan(source.plan()), evaluator(*plan), view(plan->record_size) {}

    void fit(unsigned terminal_width) {
        fit_columns(columns, terminal_width);
        cells.clear();
        header.clear();
        for (const Column& column : columns) {
            if (column.width > 0) cells.push_back(make_cell(column));
        }
        if (!cells.empty()) cells.back().last = true;
        std::vector<char> text;
        for (std::size_t i = 0, shown = 0; i < columns.size(); ++i) {
            if (columns[i].width == 0) continue;
            Cell cell = cells[shown];
            ColumnStyle style = *cell.style;
            style.ellipsis = Ellipsis::end;
            cell.style = &style;
            cell.ascii = false;
            const std::string& title = columns[i].title;
            text.assign(title.size() + cell.width + 2 * kBlock, ' ');
            std::copy(title.begin(), title.end(), text.begin());
            const char* const end = fit_cell(text.data(), text.data() + title.size(), cell);
            if (shown++ > 0) header += ' ';
            header.append(text.data(), static_cast<std::size_t>(end - text.data()));
        }
        header += '\n';
    }

    Cell make_cell(const Column& column) const {
        Cell cell;
        cell.node = column.value;
        cell.style = &column.style->column;
        cell.width = column.width;
        const ValueType type = value_type(cell.node->op);
        if (type == ValueType::bytes || type == ValueType::list || type == ValueType::container) {
            cell.kind = Cell::Kind::byte_count;
        } else if (cell.style->hex && type == ValueType::integer) {
            cell.kind = Cell::Kind::hex;
        } else if (cell.style->precision >= 0 && type == ValueType::floating) {
            cell.kind = Cell::Kind::fixed_point;
        }
        cell.ascii = always_ascii(cell);
        cell.right = cell.style->alignment == Alignment::right;
        if (cell.node->op != Op::kernel_stack)
            cell.room = max_text(*plan, *cell.node) + cell.width + 4 * kBlock;
        return cell;
    }

    char* write_value(const Cell& cell, const View& bytes, char* at) {
        const Node& node = *cell.node;
        switch (cell.kind) {
            case Cell::Kind::value:
                break;
            case Cell::Kind::byte_count: {
                const std::size_t size =
                    node.op == Op::tail ? detail::Evaluator::tail_size(node, bytes) : node.size;
                *at++ = '<';
                at = detail::write_unsigned(at, size);
                std::memcpy(at, " bytes>", 7);
                return at + 7;
            }
            case Cell::Kind::hex: {
                std::uint64_t value = evaluator.number(node, bytes);
                const std::uint32_t bits = node.op == Op::bits ? node.bit_size : node.size * 8;
                if (bits < 64) value &= (std::uint64_t{1} << bits) - 1;
                std::memcpy(at, "0x", 2);
                return detail::write_hex(at + 2, value);
            }
            case Cell::Kind::fixed_point:
                return detail::write_fixed(at, evaluator.floating(node, bytes), cell.style->precision);
        }
        return evaluator.write<Style::terminal>(node, bytes, at);
    }

    std::shared_ptr<const detail::Plan> plan;
    detail::Evaluator evaluator;
    detail::ViewMaker view;
    detail::OutputBuffer buffer;
    std::vector<Column> columns;
    std::vector<Cell> cells;  ///< the columns that are wide enough to be shown
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
    bool first = true;
    for (const Cell& cell : impl.cells) {
        std::size_t room = cell.room;
        if (room == 0) [[unlikely]]
            room = impl.evaluator.room(*cell.node, bytes) + cell.width + 4 * kBlock;
        at = impl.buffer.reserve(at, room, out);
        if (!first) *at++ = ' ';
        first = false;
        at = fit_cell(at, impl.write_value(cell, bytes, at), cell);
    }
    at = impl.buffer.reserve(at, 1, out);
    *at++ = '\n';
    impl.buffer.flush(at, out);
}

}  // namespace gadget::events
