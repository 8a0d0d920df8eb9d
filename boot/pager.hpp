#pragma once
#include "boot/row_gate.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// Halts a text where it has filled the screen, until a key is pressed: Esc or Ctrl-C ends it, any other goes on.
class Pager final : public RowGate {
 public:
  explicit Pager(const Terminal& terminal) : terminal_(terminal) {}

  /// A text begins.
  void begin();
  bool next_row() override;

 private:
  const Terminal& terminal_;
  uint32_t rows_ = 0;  // since the text began or was halted
  uint32_t most_ = 0;
};

}  // namespace boot
