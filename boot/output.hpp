#pragma once
#include "boot/platform/pages.hpp"

namespace boot {

/// The file that the option `output` names: all that the model has said so far, parted by lines of three hyphens, as
/// the questions of a script are.
class Output {
 public:
  /// Adds `text` and writes the file anew, in place of what is there. Without a name there is nothing to do. Where it
  /// cannot be written, the text is kept for the next time.
  rt::Result<void> add(rt::Text text, rt::Text file);
  /// What comes next is the first of its file.
  void begin_anew() { bytes_ = 0; }

 private:
  rt::Result<void> make_room(uint64_t bytes);

  platform::Pages pages_;
  uint64_t bytes_ = 0;
};

}  // namespace boot
