#pragma once
#include "model/formats/format.hpp"

namespace model {

/// The head of a llama2.c checkpoint: version 0 (bare float32), 1 (float32) or 2 (int8, Q8_0).
/// Layouts: https://github.com/karpathy/llama2.c, export.py.
struct Checkpoint {
  ModelInfo info;
  uint32_t version = 0;
  uint32_t group_size = 0;  // version 2: weights that share a scale
  uint64_t file_bytes = 0;

  /// Reads and judges the header; the stream stands behind it afterwards. A model that this returns
  /// has only sizes that can be multiplied without overflow, and exactly the file's length.
  static rt::Result<Checkpoint> open(Stream& stream);

  /// The columns with one scale in an int8 row of `cols`.
  uint32_t group_of(uint32_t cols, const Storage& storage) const;
  /// The kinds of tensors in the order of the file.
  rt::Span<const TensorKind> order() const;
  /// The bytes of one copy of a tensor in the file.
  uint64_t copy_bytes(const TensorShape& shape) const;
  /// The bytes of the RoPE tables behind the last norm of version 0. They follow from the shape, and are
  /// passed over.
  uint64_t rope_bytes() const;
  /// What load() takes from its arena, in bytes.
  uint64_t scratch_bytes() const;
  /// Fills `model` with the weights, converting them while they stream. `scratch` is rewound.
  rt::Result<void> load(Stream& stream, Model& model, rt::Arena& scratch) const;
};

extern const Format kLlama2c;

}  // namespace model
