#pragma once
#include "model/formats/llama2c.hpp"

namespace model {

/// What a checkpoint file holds, by the names of the paper; each exists once per layer or once.
enum class Part : uint8_t {
  embedding, attn_norm, wq, wk, wv, wo, ffn_norm, w1, w2, w3, final_norm, rope, classifier
};

/// The shape of one copy of a part, and how many copies lie behind one another in the file.
struct PartShape {
  uint64_t rows = 0, cols = 0;
  uint64_t copies = 0;
  bool is_matrix = false;  // else a vector of float32 in every version: norms, RoPE tables

  constexpr uint64_t weights() const { return rows * cols; }
};

/// The parts of `checkpoint` in the order of its file.
rt::Span<const Part> file_order(const Checkpoint& checkpoint);

PartShape shape_of(const Checkpoint& checkpoint, Part part);

/// The bytes of one copy of a part in the file.
uint64_t copy_bytes(const Checkpoint& checkpoint, const PartShape& shape);

/// An unallocated matrix of this shape, as `storage` wants it.
Matrix plan_matrix(const Checkpoint& checkpoint, const PartShape& shape, Storage storage);

}  // namespace model
