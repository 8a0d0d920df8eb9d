#pragma once

namespace boot {

/// What a text asks before each of its rows.
class RowGate {
 public:
  /// The cursor is at the beginning of a new row. False: the text ends here.
  virtual bool next_row() = 0;

 protected:
  ~RowGate() = default;
};

}  // namespace boot
