#include "boot/input_lines.hpp"

#include "rt/format.hpp"
#include "rt/memory.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

constexpr rt::Text kMark = "\"\"\"";

/// Lines on their way to be one text.
class Lines {
 public:
  explicit Lines(rt::Span<char> room) : room_(room) {}

  /// Takes a line: false where it ends the text.
  bool add(rt::Text line) {
    // A terminal may send blanks behind what it pastes.
    const rt::Text typed = rt::trim(line);
    const bool last = typed.ends_with(kMark);
    if (last) line.size = uint64_t(typed.end() - line.data) - kMark.size;
    // The marks may stand alone in their lines.
    if (first_) put(line);
    else if (!last || !line.empty()) put("\n"), put(line);
    first_ = first_ && line.empty();
    return !last;
  }

  rt::Text text() const { return {room_.data, used_}; }
  uint64_t cut() const { return cut_; }

 private:
  /// As much of it as there is room for.
  void put(const rt::Text& part) {
    const uint64_t n = cut_ ? 0 : rt::min(part.size, room_.count - used_);
    rt::copy_bytes(room_.data + used_, part.data, n);
    used_ += n;
    cut_ += part.size - n;
  }

  rt::Span<char> room_;
  uint64_t used_ = 0, cut_ = 0;
  bool first_ = true;  // no line yet
};

}  // namespace

LineEditor::End read_input(LineEditor& editor, platform::Console& console, rt::Text prompt, Idle* idle,
                           rt::Span<char> room, TypedInput& input) {
  for (;;) {
    if (editor.read(prompt, idle) == LineEditor::End::leave) return LineEditor::End::leave;
    input = {rt::trim(editor.line()), false};
    if (!input.text.starts_with(kMark)) return LineEditor::End::line;
    Lines lines(room);
    bool more = lines.add(input.text.from(kMark.size));
    LineEditor::End end = LineEditor::End::line;
    while (more && (end = editor.read(". ", idle)) == LineEditor::End::line) more = lines.add(editor.line());
    if (end == LineEditor::End::leave) continue;
    if (lines.cut())
      rt::print(console, "note: there is room for %'zu bytes: %'zu were cut\n", size_t(room.count),
                size_t(lines.cut()));
    input = {lines.text(), true};
    return end;
  }
}

}  // namespace boot
