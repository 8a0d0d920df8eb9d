#include "model/formats/llama2c.hpp"
#include "model/pack.hpp"

namespace model {
namespace {

constexpr uint32_t kRowsAtOnce = 2;  // float rows that are read together (pack.hpp)

rt::Result<void> read_floats(Stream& stream, const Matrix& m, rt::Span<int8_t> scratch) {
  for (uint32_t row = 0; row < m.rows;) {
    const uint32_t rows = rt::min(m.rows - row, kRowsAtOnce);
    rt::Result<const uint8_t*> bytes = stream.take(uint64_t{rows} * m.cols * sizeof(float));
    if (!bytes) return bytes.error();
    const float* weights = reinterpret_cast<const float*>(*bytes);
    if (m.format == WeightFormat::f32)
      pack_f32(m, row, rows, weights);
    else
      for (uint32_t i = 0; i < rows; ++i)
        quantize_row(m, row + i, weights + uint64_t{i} * m.cols, scratch.data);
    row += rows;
  }
  return {};
}

/// Version 2: all weights of a tensor, then all scales, one per `file_group` weights.
rt::Result<void> read_groups(Stream& stream, const Matrix& m, uint32_t file_group) {
  for (uint32_t row = 0; row < m.rows; ++row) {
    rt::Result<const uint8_t*> bytes = stream.take(m.cols);
    if (!bytes) return bytes.error();
    pack_q8(m, row, reinterpret_cast<const int8_t*>(*bytes));
  }
  const uint64_t weights = uint64_t{m.rows} * m.cols;
  uint32_t row = 0, group = 0;
  for (uint64_t at = 0; at < weights; at += file_group) {
    rt::Result<const uint8_t*> bytes = stream.take(sizeof(float));
    if (!bytes) return bytes.error();
    const float scale = rt::load<float>(*bytes);
    for (uint32_t done = 0; done < file_group; done += m.groups.size) {
      scale_group(m, row, group, scale);
      if (++group == m.groups.count) group = 0, ++row;
    }
  }
  return {};
}

/// Reads every copy of one kind of tensor into its memory.
rt::Result<void> read_tensor(Stream& stream, const Checkpoint& checkpoint, TensorKind kind, Model& model,
                             rt::Span<int8_t> scratch) {
  const TensorShape shape = shape_of(model.config, kind);
  for (uint32_t layer = 0; layer < shape.copies; ++layer) {
    rt::Result<void> done{};
    if (!shape.is_matrix)
      done = stream.read(vector_of(model, kind, layer), shape.weights() * sizeof(float));
    else if (checkpoint.version == 2)
      done = read_groups(stream, matrix_of(model, kind, layer), checkpoint.group_size);
    else
      done = read_floats(stream, matrix_of(model, kind, layer), scratch);
    if (!done) return done;
  }
  return {};
}

/// What the weights go through: rows in one piece, and a row in int8.
struct Scratch {
  rt::Span<float> rows;
  rt::Span<int8_t> quantized;

  static rt::Result<Scratch> allocate(const Config& c, rt::Arena& arena) {
    const uint64_t longest = rt::max(rt::max(c.dim, c.hidden_dim), c.q_dim());
    rt::Result<rt::Span<float>> rows = arena.make_raw<float>(longest * kRowsAtOnce);
    if (!rows) return rows.error();
    rt::Result<rt::Span<int8_t>> quantized = arena.make_raw<int8_t>(longest);
    if (!quantized) return quantized.error();
    return Scratch{*rows, *quantized};
  }
};

}  // namespace

uint64_t Checkpoint::scratch_bytes() const {
  rt::Arena arena = rt::Arena::counting();
  (void)Scratch::allocate(info.config, arena);
  return arena.used();
}

rt::Result<void> Checkpoint::load(Stream& stream, Model& model, rt::Arena& scratch) const {
  const rt::Arena::Mark mark = scratch.mark();
  rt::Result<Scratch> room = Scratch::allocate(info.config, scratch);
  scratch.rewind(mark);  // nobody else takes any while this reads
  if (!room) return room.error();
  stream.set_bounce({reinterpret_cast<uint8_t*>(room->rows.data), room->rows.bytes()});
  set_rope(model, 10000.0f);
  rt::Result<void> done{};
  for (TensorKind kind : order()) {
    done = read_tensor(stream, *this, kind, model, room->quantized);
    if (done && kind == TensorKind::final_norm) done = stream.skip(rope_bytes());
    if (!done) break;
  }
  return done;
}

}  // namespace model
