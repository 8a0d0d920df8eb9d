#include "boot/story_writer.hpp"

namespace boot {

void StoryWriter::write(rt::Text piece, uefi::Color color) {
  for (const char c : piece) {
    const uint8_t byte = static_cast<uint8_t>(c);
    if (c == '\n') {
      put_word();
      new_line();
    } else if (byte >= 0x20 && byte != 0x7f) {
      // A space belongs to the word behind it: consoles are slow by the call, not by the letter.
      if (c == ' ' || bytes_ == kLongest || characters_ == width_) put_word();
      colors_[bytes_] = color;
      word_[bytes_++] = c;
      if ((byte & 0xc0) != 0x80) ++characters_;
    }
  }
}

void StoryWriter::finish() {
  put_word();
  if (colored_) console_.reset_color();
  colored_ = false;
}

void StoryWriter::put_word() {
  uint32_t start = 0;
  if (column_ + characters_ > width_ && column_ > 0) {
    new_line();
    start = bytes_ && word_[0] == ' ';  // the line's end stands for it
    characters_ -= start;
  }
  for (uint32_t from = start; from < bytes_;) {
    uint32_t to = from;
    while (to < bytes_ && colors_[to] == colors_[from]) ++to;
    if (!colored_ || colors_[from] != shown_) console_.set_color(colors_[from]);
    colored_ = true;
    shown_ = colors_[from];
    console_.write({word_ + from, to - from});
    from = to;
  }
  column_ += characters_;
  bytes_ = characters_ = 0;
}

void StoryWriter::new_line() {
  status_.before_new_line();
  console_.write("\n");
  column_ = 0;
}

}  // namespace boot
