#pragma once
#include "boot/growing_text.hpp"

namespace boot {

/// The file that the option `output` names: all that the model has said so far, parted by lines of three hyphens, as
/// the questions of a script are.
class Output {
 public:
  /// Adds `text` and writes the file anew, in place of what is there. Without a name there is nothing to do. Where it
  /// cannot be written, the text is kept for the next time.
  rt::Result<void> add(rt::Text text, rt::Text file);
  /// What comes next is the first of its file.
  void begin_anew() { all_.cut(0); }

 private:
  GrowingText all_{"what is written to the output file"};
};

}  // namespace boot
