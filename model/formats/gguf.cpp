#include "model/formats/gguf.hpp"

#include "model/chain_sampler.hpp"
#include "model/formats/gguf_tensors.hpp"
#include "model/formats/gguf_tokenizer.hpp"
#include "model/pack.hpp"
#include "rt/format.hpp"
#include "rt/math.hpp"

namespace model {
namespace {

using gguf::TensorInfo;

/// One of the files that a model is in.
struct Part {
  rt::Span<TensorInfo> order;  // of the bytes in the file
  uint64_t data = 0;           // where they begin
  uint32_t alignment = 0;
};

/// How the tensors of a file are kept: quantised ones as they are, in records; others as float32, or as the user wants.
class Plan final : public TensorPlan {
 public:
  Plan(const ModelInfo& info, const gguf::TensorList& tensors, Precision precision)
      : TensorPlan(info), tensors_(tensors), precision_(precision) {}

  Matrix plan(TensorKind kind, uint32_t layer) const override {
    const TensorShape shape = shape_of(info().config, kind);
    if (kind == TensorKind::classifier && info().shared_classifier) kind = TensorKind::embedding;
    const StoredType& type = *tensors_.find(kind, layer)->type;
    Matrix m;
    m.rows = shape.rows;
    m.cols = shape.cols;
    if (kind == TensorKind::embedding && !info().shared_classifier) {
      // Only looked up, a row for each token: that needs no other form than the file's.
      m.format = WeightFormat::stored;
      m.stored = &type;
      m.stored_row_bytes = type.bytes(m.cols);
    } else if (type.quantized() && precision_ != Precision::f32) {
      m.format = WeightFormat::exact;
      m.record = type.record;
    } else if (precision_ == Precision::q8) {
      m.format = WeightFormat::exact;
      m.record = q8_0().record;
    } else {
      m.format = WeightFormat::f32;
    }
    return m;
  }

  static const StoredType& q8_0() { return *find_stored_type(8); }

 private:
  const gguf::TensorList& tensors_;
  Precision precision_;
};

/// Brings the tensors of a file into a model, a row at a time.
class Loader {
 public:
  Loader(Stream& stream, rt::Span<uint8_t> bytes, rt::Span<float> floats)
      : stream_(stream), bytes_(bytes), floats_(floats) {}

  rt::Result<void> matrix(const TensorInfo& info, const Matrix& m) {
    for (uint32_t row = 0; row < m.rows; ++row) {
      rt::Result<const uint8_t*> bytes = stream_.take(info.row_bytes());
      if (!bytes) return bytes.error();
      if (const char* wrong = put(info, *bytes, m, row)) return refuse(info, row, wrong);
    }
    return {};
  }

  rt::Result<void> vector(const TensorInfo& info, float* to) {
    rt::Result<const uint8_t*> bytes = stream_.take(info.row_bytes());
    if (!bytes) return bytes.error();
    if (!read_floats(info, *bytes)) return refuse(info, 0, kNotFinite);
    rt::copy_bytes(to, floats_.data, info.cols * sizeof(float));
    return {};
  }

  /// Divides each number by one of the tensor's.
  rt::Result<void> divide(const TensorInfo& info, rt::Span<float> numbers) {
    rt::Result<const uint8_t*> bytes = stream_.take(info.row_bytes());
    if (!bytes) return bytes.error();
    if (!read_floats(info, *bytes)) return refuse(info, 0, kNotFinite);
    for (uint64_t i = 0; i < numbers.count; ++i) {
      if (!(floats_[i] > 0)) return refuse(info, 0, "holds a divisor that is not positive");
      numbers[i] /= floats_[i];
    }
    return {};
  }

 private:
  static constexpr const char* kNotFinite = "holds an infinite number or a NaN";

  /// Puts a row into its place; null, or what is wrong with it.
  const char* put(const TensorInfo& info, const uint8_t* from, const Matrix& m, uint32_t row) {
    const uint32_t lane = row % kBlockRows;
    uint8_t* block = m.block(row / kBlockRows);
    if (m.format == WeightFormat::exact) {
      if (lane == 0) rt::fill_bytes(block, 0, m.block_bytes());
      if (info.type->quantized()) return problem(pack_row(*info.type, from, m.cols, block, lane));
      return read_floats(info, from) ? put_rounded(m.cols, block, lane) : kNotFinite;
    }
    if (!read_floats(info, from)) return kNotFinite;
    if (m.format == WeightFormat::stored)
      rt::copy_bytes(block + lane * info.row_bytes(), from, info.row_bytes());
    else
      pack_f32(m, row, 1, floats_.data);
    return nullptr;
  }

  /// The row of floats as Q8_0, filled up with zeros.
  const char* put_rounded(uint32_t cols, uint8_t* block, uint32_t lane) {
    const StoredType& type = Plan::q8_0();
    const uint64_t padded = rt::round_up(cols, type.block_cols);
    for (uint64_t i = cols; i < padded; ++i) floats_[i] = 0;
    for (uint64_t i = 0; i < padded; i += type.block_cols)
      if (!round_to_q8_0(floats_.data + i, bytes_.data + type.bytes(i))) return "holds numbers too large for 8 bits";
    return problem(pack_row(type, bytes_.data, padded, block, lane));
  }

  bool read_floats(const TensorInfo& info, const uint8_t* from) {
    unpack(*info.type, from, info.cols, floats_.data);
    float sum = 0;  // of differences that are 0, or NaN where a number is not finite
    for (uint64_t i = 0; i < info.cols; ++i) sum += floats_[i] - floats_[i];
    return sum == 0;
  }

  static const char* problem(Packed packed) {
    switch (packed) {
      case Packed::ok: return nullptr;
      case Packed::not_finite: return "has a scale that is infinite or a NaN";
      case Packed::too_large: return "has weights of 128 or more, too large for exact sums";
    }
    return nullptr;
  }

  const rt::Error& refuse(const TensorInfo& info, uint32_t row, const char* what) const {
    char name[64];
    const rt::Text tensor = gguf::name_of(info, {name, sizeof name});
    return stream_.refuse(stream_.position(), "%pT %s (row %'u); get the file again", &tensor, what, row);
  }

  Stream& stream_;
  rt::Span<uint8_t> bytes_;
  rt::Span<float> floats_;
};

/// What a row goes through on its way in: its bytes, the bytes of a row of Q8_0, its numbers.
struct Scratch {
  rt::Span<uint8_t> bounce, bytes;
  rt::Span<float> floats;

  static rt::Result<Scratch> allocate(rt::Span<const Part> parts, rt::Arena& arena) {
    uint64_t bytes = 0, cols = 0;
    for (const Part& part : parts)
      for (const TensorInfo& info : part.order) {
        bytes = rt::max(bytes, info.row_bytes());
        cols = rt::max(cols, rt::round_up(info.cols, Plan::q8_0().block_cols));
      }
    rt::Result<rt::Span<uint8_t>> bounce = arena.make_raw<uint8_t>(bytes);
    if (!bounce) return bounce.error();
    rt::Result<rt::Span<uint8_t>> rounded = arena.make_raw<uint8_t>(Plan::q8_0().bytes(cols));
    if (!rounded) return rounded.error();
    rt::Result<rt::Span<float>> floats = arena.make_raw<float>(cols);
    if (!floats) return floats.error();
    return Scratch{*bounce, *rounded, *floats};
  }
};

class GgufFile final : public ModelFile {
 public:
  static rt::Result<const ModelFile*> open(Stream& stream, rt::Arena& arena, rt::Arena& scratch);

  const ModelInfo& info() const override { return info_; }
  const Tokenizer* tokenizer() const override { return tokenizer_; }
  rt::Result<Sampler*> make_sampler(const Kernels& kernels, rt::Arena& arena) const override;
  rt::Result<const TensorPlan*> plan(const Storage& storage, rt::Arena& arena) const override;
  uint64_t scratch_bytes() const override;
  rt::Result<void> load(Stream& stream, Model& model, rt::Arena& scratch) const override;

 private:
  rt::Result<void> read(Stream& stream, rt::Arena& arena, rt::Arena& scratch);
  rt::Result<void> read_part(Stream& stream, const gguf::Header& header, gguf::Reader& reader, rt::Arena& arena);
  rt::Result<void> read_further_parts(Stream& stream, rt::Arena& arena, rt::Arena& scratch);
  rt::Result<void> load_part(Stream& stream, const Part& part, Model& model, const Scratch& room) const;
  rt::Result<void> describe(rt::Arena& arena);
  void set_rope(Model& model) const;

  ModelInfo info_;
  const Tokenizer* tokenizer_ = nullptr;
  gguf::Header header_;
  gguf::TensorList tensors_;
  rt::Span<Part> parts_;
};

rt::Result<const ModelFile*> GgufFile::open(Stream& stream, rt::Arena& arena, rt::Arena& scratch) {
  rt::Result<rt::Span<GgufFile>> file = arena.make<GgufFile>(1);
  if (!file) return file.error();
  const rt::Arena::Mark mark = scratch.mark();
  const rt::Result<void> read = (*file)[0].read(stream, arena, scratch);
  scratch.rewind(mark);
  if (!read) return read.error();
  return file->data;
}

rt::Result<void> GgufFile::read(Stream& stream, rt::Arena& arena, rt::Arena& scratch) {
  gguf::Reader reader(stream);
  rt::Result<gguf::Header> header = gguf::read_header(reader, scratch);
  if (!header) return header.error();
  header_ = *header;
  if (header_.split_no) {
    reader.refuse_about("split.no",
                        "says that this is a further file of a model; name the first one, ...-00001-of-...");
    return reader.error();
  }
  rt::Result<rt::Span<Part>> parts = arena.make<Part>(rt::max(header_.split_count, 1u));
  if (!parts) return parts.error();
  parts_ = *parts;
  rt::Result<gguf::TensorList> tensors = gguf::TensorList::make(header_.n_layers, arena);
  if (!tensors) return tensors.error();
  tensors_ = *tensors;
  if (rt::Result<void> done = read_part(stream, header_, reader, arena); !done) return done;
  if (parts_.count > 1)
    if (rt::Result<void> done = read_further_parts(stream, arena, scratch); !done) return done;

  const TensorInfo* embedding = tensors_.find(TensorKind::embedding, 0);
  info_.config = {
      .dim = header_.dim,
      .hidden_dim = header_.hidden_dim,
      .n_layers = header_.n_layers,
      .n_heads = header_.n_heads,
      .n_kv_heads = header_.n_kv_heads,
      .vocab_size = embedding ? static_cast<uint32_t>(embedding->rows) : 0,
      .seq_len = header_.context_length,
      .key_length = header_.key_length,
      .norm_epsilon = header_.norm_epsilon,
  };
  if (rt::Result<void> fits = tensors_.check(info_.config, reader); !fits) return fits;
  info_.shared_classifier = !tensors_.find(TensorKind::classifier, 0);
  rt::Result<const Tokenizer*> tokenizer =
      gguf::make_tokenizer(header_.vocabulary, info_.config.vocab_size, reader, arena, scratch);
  if (!tokenizer) return tokenizer.error();
  tokenizer_ = *tokenizer;
  const rt::Text chat_template = header_.vocabulary.chat_template;
  rt::Result<rt::Span<char>> kept = arena.make_raw<char>(chat_template.size);
  if (!kept) return kept.error();
  rt::copy_bytes(kept->data, chat_template.data, chat_template.size);
  info_.chat_template = {kept->data, chat_template.size};
  header_.vocabulary = {};  // it was in scratch memory
  return describe(arena);
}

/// Reads the list of a file's tensors, which must lie in it.
rt::Result<void> GgufFile::read_part(Stream& stream, const gguf::Header& header, gguf::Reader& reader,
                                     rt::Arena& arena) {
  rt::Result<rt::Span<TensorInfo>> order = tensors_.read(header, reader, arena);
  if (!order) return order.error();
  Part& part = parts_[header.split_no];
  part = {*order, stream.position(), header.alignment};
  if (order->empty()) return {};  // then nothing needs padding
  part.data = rt::round_up(part.data, header.alignment);
  uint64_t end = part.data;
  for (const TensorInfo& info : *order) end = rt::round_up(end, header.alignment) + info.bytes();
  if (end <= stream.size()) return {};
  return stream.refuse(stream.size(), "the file is cut short: it has %'llu bytes of %'llu; get it again",
                       static_cast<unsigned long long>(stream.size()), static_cast<unsigned long long>(end));
}

/// Reads the heads of all files but the first, and goes back to that.
rt::Result<void> GgufFile::read_further_parts(Stream& stream, rt::Arena& arena, rt::Arena& scratch) {
  const auto count = static_cast<uint32_t>(parts_.count);
  uint64_t tensors = header_.n_tensors;
  for (uint32_t number = 1; number < count; ++number) {
    if (rt::Result<void> done = stream.open_part(number, count); !done) return done;
    gguf::Reader reader(stream);
    const rt::Arena::Mark mark = scratch.mark();
    rt::Result<gguf::Header> header = gguf::read_header(reader, scratch);
    scratch.rewind(mark);
    if (!header) return header.error();
    if (header->split_no != number || header->split_count != count) {
      reader.refuse_about("split.no", "does not say that this is the file of the model that its name says");
      return reader.error();
    }
    tensors += header->n_tensors;
    if (rt::Result<void> done = read_part(stream, *header, reader, arena); !done) return done;
  }
  if (rt::Result<void> done = stream.open_part(0, count); !done) return done;
  if (tensors == header_.split_tensors) return {};
  return stream.refuse(tensors, "split.tensors.count is %u, but all files together have %'llu tensors",
                       header_.split_tensors, static_cast<unsigned long long>(tensors));
}

/// What to call the file's weights: the types of its matrices, those of most bytes first.
rt::Result<void> GgufFile::describe(rt::Arena& arena) {
  info_.format = header_.version == 2 ? "GGUF v2" : "GGUF v3";
  rt::Result<rt::Span<char>> text = arena.make<char>(64);
  if (!text) return text.error();
  uint64_t bytes[kStoredTypeIds] = {};
  for (const Part& part : parts_)
    for (const TensorInfo& info : part.order)
      if (info.rows > 1) bytes[info.type->id] += info.bytes();
  for (uint64_t used = 0;;) {
    uint32_t most = 0;
    for (uint32_t id = 1; id < kStoredTypeIds; ++id)
      if (bytes[id] > bytes[most]) most = id;
    if (!bytes[most]) break;
    used += rt::print_to(text->from(used), used ? " + %s" : "%s", find_stored_type(most)->name).size;
    bytes[most] = 0;
  }
  info_.weights = text->data;
  return {};
}

rt::Result<Sampler*> GgufFile::make_sampler(const Kernels&, rt::Arena& arena) const {
  rt::Result<ChainSampler*> sampler = ChainSampler::create(info_.config.vocab_size, arena);
  if (!sampler) return sampler.error();
  return *sampler;
}

rt::Result<const TensorPlan*> GgufFile::plan(const Storage& storage, rt::Arena& arena) const {
  rt::Result<rt::Span<uint8_t>> memory = arena.make_raw<uint8_t>(sizeof(Plan));
  if (!memory) return memory.error();
  return new (rt::Placement{memory->data}) Plan(info_, tensors_, storage.precision);
}

uint64_t GgufFile::scratch_bytes() const {
  rt::Arena arena = rt::Arena::counting();
  (void)Scratch::allocate(parts_, arena);
  return arena.used();
}

/// Pair i of a head turns by base^(-2i / length) from one position to the next, divided by the factor of linear scaling
/// (Chen et al. 2023). What rope_freqs.weight divides it by (Llama 3) comes with the tensors.
void GgufFile::set_rope(Model& model) const {
  const float length = float(model.config.head_dim());
  for (uint32_t pair = 0; pair < model.rope_frequency.count; ++pair)
    model.rope_frequency[pair] = rt::pow(header_.rope_base, float(2 * pair) / -length) / header_.rope_factor;
}

rt::Result<void> GgufFile::load(Stream& stream, Model& model, rt::Arena& scratch) const {
  const rt::Arena::Mark mark = scratch.mark();
  rt::Result<Scratch> room = Scratch::allocate(parts_, scratch);
  if (!room) return room.error();
  stream.set_bounce(room->bounce);
  set_rope(model);
  rt::Result<void> done{};
  for (uint32_t number = 0; done && number < parts_.count; ++number) {
    if (number) done = stream.open_part(number, static_cast<uint32_t>(parts_.count));
    if (done) done = load_part(stream, parts_[number], model, *room);
  }
  scratch.rewind(mark);
  return done;
}

/// Loads the tensors of one file, and passes over what is behind them: who takes the sum of a file wants to see all of
/// it.
rt::Result<void> GgufFile::load_part(Stream& stream, const Part& part, Model& model, const Scratch& room) const {
  Loader loader(stream, room.bytes, room.floats);
  uint64_t at = part.data;
  for (const TensorInfo& info : part.order) {
    rt::Result<void> done = stream.skip(at - stream.position());
    at = rt::round_up(at + info.bytes(), part.alignment);
    if (!done) return done;
    if (!info.used) continue;
    if (info.kind == TensorKind::rope_factors)
      done = loader.divide(info, model.rope_frequency);
    else if (shape_of(model.config, info.kind).is_matrix)
      done = loader.matrix(info, matrix_of(model, info.kind, info.layer));
    else
      done = loader.vector(info, vector_of(model, info.kind, info.layer));
    if (!done) return done;
  }
  return stream.skip(stream.left());
}

bool matches(rt::Span<const uint8_t> head) {
  return head.count >= 4 && head[0] == 'G' && head[1] == 'G' && head[2] == 'U' && head[3] == 'F';
}

}  // namespace

constinit const Format kGguf = {"GGUF", matches, GgufFile::open};

}  // namespace model
