#include "model/formats/llama2c_layout.hpp"
#include "model/pack.hpp"

namespace model {
namespace {

constexpr uint64_t kChunk = 512 * 1024;  // the most that is asked of the source at once
constexpr uint32_t kRowsAtOnce = 2;      // float rows that are read together (pack.hpp)

/// Cuts a ByteSource into records that are whole and aligned for floats.
class Records {
 public:
  /// `bounce`: room for the longest record.
  Records(rt::ByteSource& source, rt::Span<uint8_t> bounce) : source_(source), bounce_(bounce) {}

  /// The next n bytes in one piece, valid until the next call.
  rt::Result<const uint8_t*> take(uint64_t n) {
    if (chunk_.count >= n && reinterpret_cast<uint64_t>(chunk_.data) % alignof(float) == 0) {
      const uint8_t* at = chunk_.data;
      chunk_ = chunk_.from(n);
      return at;
    }
    for (uint64_t have = 0; have < n;) {
      if (rt::Result<void> more = refill(); !more) return more.error();
      const uint64_t piece = rt::min(n - have, chunk_.count);
      rt::copy_bytes(bounce_.data + have, chunk_.data, piece);
      chunk_ = chunk_.from(piece);
      have += piece;
    }
    return bounce_.data;
  }

  rt::Result<void> skip(uint64_t n) {
    while (n) {
      if (rt::Result<void> more = refill(); !more) return more;
      const uint64_t piece = rt::min(n, chunk_.count);
      chunk_ = chunk_.from(piece);
      n -= piece;
    }
    return {};
  }

 private:
  rt::Result<void> refill() {
    if (!chunk_.empty()) return {};
    rt::Result<rt::Span<const uint8_t>> chunk = source_.next(kChunk);
    if (!chunk) return chunk.error();
    chunk_ = *chunk;
    return {};
  }

  rt::ByteSource& source_;
  rt::Span<uint8_t> bounce_;
  rt::Span<const uint8_t> chunk_;
};

rt::Result<void> read_floats(Records& records, const Matrix& m, rt::Span<int8_t> scratch) {
  for (uint32_t row = 0; row < m.rows;) {
    const uint32_t rows = rt::min(m.rows - row, kRowsAtOnce);
    rt::Result<const uint8_t*> bytes = records.take(uint64_t{rows} * m.cols * sizeof(float));
    if (!bytes) return bytes.error();
    const float* weights = reinterpret_cast<const float*>(*bytes);
    if (m.dtype == DType::f32)
      pack_f32(m, row, rows, weights);
    else
      for (uint32_t i = 0; i < rows; ++i)
        quantize_row(m, row + i, weights + uint64_t{i} * m.cols, scratch.data);
    row += rows;
  }
  return {};
}

/// Version 2: all weights of a tensor, then all scales, one per `file_group` weights.
rt::Result<void> read_groups(Records& records, const Matrix& m, uint32_t file_group) {
  for (uint32_t row = 0; row < m.rows; ++row) {
    rt::Result<const uint8_t*> bytes = records.take(m.cols);
    if (!bytes) return bytes.error();
    pack_q8(m, row, reinterpret_cast<const int8_t*>(*bytes));
  }
  const uint64_t weights = uint64_t{m.rows} * m.cols;
  uint32_t row = 0, group = 0;
  for (uint64_t at = 0; at < weights; at += file_group) {
    rt::Result<const uint8_t*> bytes = records.take(sizeof(float));
    if (!bytes) return bytes.error();
    const float scale = rt::load<float>(*bytes);
    for (uint32_t done = 0; done < file_group; done += m.groups.size) {
      scale_group(m, row, group, scale);
      if (++group == m.groups.count) group = 0, ++row;
    }
  }
  return {};
}

rt::Result<void> read_vector(Records& records, rt::Span<float> to) {
  rt::Result<const uint8_t*> bytes = records.take(to.bytes());
  if (!bytes) return bytes.error();
  rt::copy_bytes(to.data, *bytes, to.bytes());
  return {};
}

/// Rows that fill up the last block of a matrix are zero.
void clear_padding(const Matrix& m) {
  if (m.rows % kBlockRows)
    rt::fill_bytes(m.data + m.bytes() - m.block_bytes(), 0, m.block_bytes());
}

Matrix& matrix_of(Model& model, Part part, uint64_t copy) {
  switch (part) {
    case Part::embedding: return model.embedding;
    case Part::wq: return model.layers[copy].wq;
    case Part::wk: return model.layers[copy].wk;
    case Part::wv: return model.layers[copy].wv;
    case Part::wo: return model.layers[copy].wo;
    case Part::w1: return model.layers[copy].w1;
    case Part::w2: return model.layers[copy].w2;
    case Part::w3: return model.layers[copy].w3;
    default: return model.classifier;
  }
}

float*& vector_of(Model& model, Part part, uint64_t copy) {
  if (part == Part::attn_norm) return model.layers[copy].attn_norm;
  if (part == Part::ffn_norm) return model.layers[copy].ffn_norm;
  return model.final_norm;
}

/// Takes the memory for every copy of one part.
rt::Result<void> allocate(const Checkpoint& checkpoint, Part part, Storage storage, Model& model,
                          rt::Arena& arena) {
  const PartShape shape = shape_of(checkpoint, part);
  for (uint64_t copy = 0; copy < shape.copies; ++copy) {
    if (shape.is_matrix) {
      Matrix matrix = plan_matrix(checkpoint, shape, storage);
      rt::Result<rt::Span<uint8_t>> memory = arena.make_raw<uint8_t>(matrix.bytes());
      if (!memory) return memory.error();
      matrix.data = memory->data;
      matrix_of(model, part, copy) = matrix;
    } else {
      rt::Result<rt::Span<float>> memory = arena.make_raw<float>(shape.weights());
      if (!memory) return memory.error();
      vector_of(model, part, copy) = memory->data;
    }
  }
  return {};
}

/// Reads every copy of one part into its memory.
rt::Result<void> read_part(Records& records, const Checkpoint& checkpoint, Part part, Model& model,
                           rt::Span<int8_t> scratch) {
  const PartShape shape = shape_of(checkpoint, part);
  if (part == Part::rope) return records.skip(copy_bytes(checkpoint, shape));
  for (uint64_t copy = 0; copy < shape.copies; ++copy) {
    rt::Result<void> done;
    if (shape.is_matrix) {
      const Matrix& matrix = matrix_of(model, part, copy);
      clear_padding(matrix);
      done = checkpoint.version == 2 ? read_groups(records, matrix, checkpoint.group_size)
                                     : read_floats(records, matrix, scratch);
    } else {
      done = read_vector(records, {vector_of(model, part, copy), shape.weights()});
    }
    if (!done) return done;
  }
  return {};
}

/// Checkpoint::load, which leaves `scratch` as it ends.
rt::Result<Model> read_model(const Checkpoint& checkpoint, rt::ByteSource& source, Storage storage,
                             rt::Arena& arena, rt::Arena& scratch) {
  const Config& c = checkpoint.config;
  const uint64_t longest = rt::max(c.dim, c.hidden_dim);
  rt::Result<rt::Span<float>> bounce = scratch.make_raw<float>(longest * kRowsAtOnce);
  if (!bounce) return bounce.error();
  rt::Result<rt::Span<int8_t>> quantized = scratch.make_raw<int8_t>(longest);
  if (!quantized) return quantized.error();
  rt::Result<rt::Span<Layer>> layers = arena.make<Layer>(c.n_layers);
  if (!layers) return layers.error();

  Model model;
  model.config = c;
  model.layers = *layers;
  for (Part part : file_order(checkpoint)) {
    if (part == Part::rope) continue;
    if (rt::Result<void> done = allocate(checkpoint, part, storage, model, arena); !done)
      return done.error();
  }
  Records records(source, {reinterpret_cast<uint8_t*>(bounce->data), bounce->bytes()});
  for (Part part : file_order(checkpoint))
    if (rt::Result<void> done = read_part(records, checkpoint, part, model, *quantized); !done)
      return done.error();
  if (checkpoint.shared_classifier) model.classifier = model.embedding;
  return model;
}

}  // namespace

uint64_t Checkpoint::arena_bytes(Storage storage) const {
  rt::Arena arena = rt::Arena::counting();
  (void)arena.make_raw<Layer>(config.n_layers);
  for (Part part : file_order(*this)) {
    const PartShape shape = shape_of(*this, part);
    if (part == Part::rope) continue;
    const uint64_t bytes = shape.is_matrix ? plan_matrix(*this, shape, storage).bytes()
                                           : shape.weights() * sizeof(float);
    for (uint64_t copy = 0; copy < shape.copies; ++copy) (void)arena.make_raw<uint8_t>(bytes);
  }
  return arena.used();
}

uint64_t Checkpoint::scratch_bytes() const {
  rt::Arena arena = rt::Arena::counting();
  const uint64_t longest = rt::max(config.dim, config.hidden_dim);
  (void)arena.make_raw<float>(longest * kRowsAtOnce);
  (void)arena.make_raw<int8_t>(longest);
  return arena.used();
}

rt::Result<Model> Checkpoint::load(rt::ByteSource& source, Storage storage, rt::Arena& arena,
                                   rt::Arena& scratch) const {
  const uint64_t mark = scratch.mark();
  rt::Result<Model> model = read_model(*this, source, storage, arena, scratch);
  scratch.rewind(mark);
  return model;
}

}  // namespace model
