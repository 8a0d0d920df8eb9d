#include "boot/story_writer.hpp"

#include "boot/platform/clock.hpp"
#include "rt/memory.hpp"

namespace boot {

void StoryWriter::write(rt::Text piece, platform::Color color) {
  for (const char c : piece) {
    const uint8_t byte = static_cast<uint8_t>(c);
    if (c == '\n') {
      put_word();
      new_line();
    } else if (byte >= 0x20 && byte != 0x7f) {
      // A space belongs to the word behind it.
      // A word that is too long goes on in the next line, from its next character.
      if (c == ' ' || bytes_ + 4 > kLongest ||
          (!decoder_.pending() && columns_ + (byte < 0x80 ? 1 : kMostColumns) > width_))
        put_word();
      colors_[bytes_] = color;
      word_[bytes_++] = c;
      decoder_.feed(byte, [this](char32_t character) { columns_ += console_.columns(character); });
    }
  }
}

void StoryWriter::finish() {
  put_word();
  flush();
  console_.reset_color();
}

void StoryWriter::flush() {
  if (ready_bytes_ == 0) return;
  console_.set_color(ready_color_);
  console_.write({ready_, ready_bytes_});
  ready_bytes_ = 0;
}

uint64_t StoryWriter::take_halted() {
  const uint64_t halted = halted_;
  halted_ = 0;
  return halted;
}

void StoryWriter::put(const rt::Text& text, platform::Color color) {
  if (stopped_) return;
  if (color != ready_color_ || ready_bytes_ + text.size > sizeof ready_) flush();
  ready_color_ = color;
  rt::copy_bytes(ready_ + ready_bytes_, text.data, text.size);
  ready_bytes_ += uint32_t(text.size);
}

void StoryWriter::put_word() {
  uint32_t from = 0;
  if (column_ + columns_ > width_ && column_ > 0) {
    new_line();
    from = bytes_ && word_[0] == ' ';  // the line's end stands for it
    columns_ -= from;
  }
  for (uint32_t to = from; from < bytes_; from = to) {
    while (to < bytes_ && colors_[to] == colors_[from]) ++to;
    put({word_ + from, to - from}, colors_[from]);
  }
  column_ += columns_;
  bytes_ = columns_ = 0;
}

void StoryWriter::new_line() {
  flush();
  column_ = 0;
  if (stopped_) return;
  status_.before_new_line();
  console_.write("\n");
  if (!gate_) return;
  const uint64_t before = platform::Clock::ticks();
  stopped_ = !gate_->next_row();
  halted_ += platform::Clock::ticks() - before;
}

}  // namespace boot
