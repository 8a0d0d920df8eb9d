#include "model/formats/llama2c.hpp"

#include "model/llama2c_sampler.hpp"

namespace model {
namespace {

constexpr uint32_t kMagic = 0x616b3432;      // "ak42" as a big-endian number
constexpr uint32_t kGgufMagic = 0x46554747;  // "GGUF"
constexpr uint64_t kBareHeader = 28;         // version 0
constexpr uint64_t kHeader = 256;            // versions 1 and 2

struct Limit {
  const char* name;
  int64_t most;
};
/// Far above any LLaMA-2 model, low enough that no product of sizes overflows 64 bits, and that no
/// int8 dot product over a row overflows 32. In the order of the header.
constexpr Limit kLimits[] = {{"dim", 32768},       {"hidden_dim", 65536}, {"n_layers", 1024},
                             {"n_heads", 1024},    {"n_kv_heads", 1024},  {"vocab_size", 1 << 20},
                             {"seq_len", 1 << 20}};

using Fields = int64_t[7];

/// `first`: the offset of the first field.
rt::Result<void> check_limits(const Stream& stream, const Fields& fields, uint64_t first) {
  for (uint32_t i = 0; i < 7; ++i)
    if (fields[i] < 1 || fields[i] > kLimits[i].most)
      return stream.refuse(first + i * 4, "not a llama2.c checkpoint: %s is %lld, not 1 to %'lld", kLimits[i].name,
                           static_cast<long long>(fields[i]), static_cast<long long>(kLimits[i].most));
  return {};
}

rt::Result<void> check_shape(const Stream& stream, const Config& c) {
  const char* what = nullptr;
  if (c.dim % c.n_heads)
    what = "n_heads does not divide dim";
  else if (c.head_dim() % 2)
    what = "the size of a head is odd";
  else if (c.n_heads % c.n_kv_heads)
    what = "n_kv_heads does not divide n_heads";
  if (!what) return {};
  return stream.refuse(0, "not a llama2.c checkpoint: %s (dim %u, n_heads %u, n_kv_heads %u)", what, c.dim, c.n_heads,
                       c.n_kv_heads);
}

rt::Result<void> check_groups(const Stream& stream, const Checkpoint& checkpoint) {
  for (TensorKind kind : checkpoint.order()) {
    const TensorShape shape = shape_of(checkpoint.info.config, kind);
    if (shape.is_matrix && shape.weights() % checkpoint.group_size)
      return stream.refuse(37, "damaged: groups of %u weights do not divide a tensor of %'llu", checkpoint.group_size,
                           static_cast<unsigned long long>(shape.weights()));
  }
  return {};
}

uint64_t described_bytes(const Checkpoint& checkpoint) {
  uint64_t bytes = (checkpoint.version ? kHeader : kBareHeader) + checkpoint.rope_bytes();
  for (TensorKind kind : checkpoint.order()) {
    const TensorShape shape = shape_of(checkpoint.info.config, kind);
    bytes += shape.copies * checkpoint.copy_bytes(shape);
  }
  return bytes;
}

rt::Result<void> check_length(const Stream& stream, uint64_t described) {
  const auto has = static_cast<unsigned long long>(stream.size());
  const auto wants = static_cast<unsigned long long>(described);
  if (has < wants)
    return stream.refuse(has, "the file ends after %'llu of the %'llu bytes that its header describes; copy it again",
                         has, wants);
  if (has > wants)
    return stream.refuse(wants, "the file has %'llu bytes, its header describes %'llu; not a llama2.c checkpoint, or a "
                         "damaged one", has, wants);
  return {};
}

/// Versions 1 and 2: magic, version, seven fields, shared flag, [group size], zeros.
rt::Result<void> read_versioned(Stream& stream, const uint8_t* start, Fields& fields, Checkpoint& checkpoint) {
  uint8_t header[kHeader];
  rt::copy_bytes(header, start, kBareHeader);
  if (stream.size() < kHeader) return stream.refuse(0, "the file ends inside its header; copy it again");
  if (rt::Result<void> rest = stream.read(header + kBareHeader, kHeader - kBareHeader); !rest) return rest;

  checkpoint.version = rt::load<uint32_t>(header + 4);
  if (checkpoint.version != 1 && checkpoint.version != 2) {
    const rt::Text name = stream.name();
    return rt::fail(rt::Errc::unsupported, 4, "%pT: llama2.c checkpoint of version %u; this program reads 0, 1 and 2",
                    &name, checkpoint.version);
  }
  for (uint32_t i = 0; i < 7; ++i) fields[i] = rt::load<int32_t>(header + 8 + 4 * i);
  checkpoint.info.shared_classifier = header[36] != 0;
  if (checkpoint.version == 2) {
    const int32_t group = rt::load<int32_t>(header + 37);
    if (group < 1 || group > 65536)
      return stream.refuse(37, "damaged: group size is %d, not 1 to 65,536", group);
    checkpoint.group_size = static_cast<uint32_t>(group);
  }
  return {};
}

/// The file with what its head says, and the plan: where the weights are in float32 or in int8 is all
/// that a user can choose.
class Llama2cFile final : public ModelFile {
 public:
  explicit Llama2cFile(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  const ModelInfo& info() const override { return checkpoint_.info; }
  rt::Result<Sampler*> make_sampler(const Kernels& kernels, rt::Arena& arena) const override;
  rt::Result<const TensorPlan*> plan(const Storage& storage, rt::Arena& arena) const override;
  uint64_t scratch_bytes() const override { return checkpoint_.scratch_bytes(); }
  rt::Result<void> load(Stream& stream, Model& model, rt::Arena& scratch) const override {
    return checkpoint_.load(stream, model, scratch);
  }

 private:
  class Plan final : public TensorPlan {
   public:
    Plan(const Checkpoint& checkpoint, const Storage& storage)
        : TensorPlan(checkpoint.info), checkpoint_(checkpoint), storage_(storage) {}

    Matrix plan(TensorKind kind, uint32_t) const override {
      const TensorShape shape = shape_of(info().config, kind);
      const bool f32 = storage_.precision == Precision::f32 ||
                       (storage_.precision == Precision::file && checkpoint_.version != 2);
      return {.rows = shape.rows,
              .cols = shape.cols,
              .format = f32 ? WeightFormat::f32 : WeightFormat::q8,
              .groups = Groups::of(shape.cols, checkpoint_.group_of(shape.cols, storage_)),
              .first = {}};
    }

   private:
    const Checkpoint& checkpoint_;
    Storage storage_;
  };

  Checkpoint checkpoint_;
};

rt::Result<Sampler*> Llama2cFile::make_sampler(const Kernels& kernels, rt::Arena& arena) const {
  rt::Result<Llama2cSampler*> sampler = Llama2cSampler::create(info().config.vocab_size, kernels, arena);
  if (!sampler) return sampler.error();
  return *sampler;
}

rt::Result<const TensorPlan*> Llama2cFile::plan(const Storage& storage, rt::Arena& arena) const {
  rt::Result<rt::Span<uint8_t>> place = arena.make_raw<uint8_t>(sizeof(Plan));
  if (!place) return place.error();
  return new (rt::Placement{place->data}) Plan(checkpoint_, storage);
}

bool matches(rt::Span<const uint8_t>) { return true; }

rt::Result<const ModelFile*> open_file(Stream& stream, rt::Arena& arena, rt::Arena&) {
  rt::Result<Checkpoint> checkpoint = Checkpoint::open(stream);
  if (!checkpoint) return checkpoint.error();
  rt::Result<rt::Span<uint8_t>> place = arena.make_raw<uint8_t>(sizeof(Llama2cFile));
  if (!place) return place.error();
  return new (rt::Placement{place->data}) Llama2cFile(*checkpoint);
}

uint32_t greatest_common_divisor(uint32_t a, uint32_t b) {
  while (b) {
    const uint32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

using enum TensorKind;
constexpr TensorKind kBareOrder[] = {embedding, attn_norm, wq, wk, wv,         wo,
                                     ffn_norm,  w1,        w2, w3, final_norm, classifier};
constexpr TensorKind kVersionedOrder[] = {attn_norm, ffn_norm, final_norm, embedding, wq, wk,
                                          wv,        wo,       w1,         w2,        w3, classifier};

}  // namespace

constinit const Format kLlama2c = {"llama2.c", matches, open_file};

rt::Span<const TensorKind> Checkpoint::order() const {
  return {version ? kVersionedOrder : kBareOrder, 12u - info.shared_classifier};
}

uint64_t Checkpoint::copy_bytes(const TensorShape& shape) const {
  if (version < 2 || !shape.is_matrix) return shape.weights() * sizeof(float);
  return shape.weights() + shape.weights() / group_size * sizeof(float);
}

uint64_t Checkpoint::rope_bytes() const {
  return version ? 0 : uint64_t{info.config.seq_len} * info.config.head_dim() * sizeof(float);
}

uint32_t Checkpoint::group_of(uint32_t cols, const Storage& storage) const {
  // A version 2 file cuts the whole tensor into groups, which may straddle rows: then the largest size
  // that divides both keeps every weight's scale exact.
  if (version == 2) return greatest_common_divisor(cols, group_size);
  const uint64_t groups = (uint64_t{cols} + storage.group_size - 1) / storage.group_size;
  const uint64_t equal = rt::round_up((cols + groups - 1) / groups, kWordCols);
  return uint32_t(rt::min<uint64_t>(cols, equal));
}

rt::Result<Checkpoint> Checkpoint::open(Stream& stream) {
  if (stream.size() < kBareHeader)
    return stream.refuse(stream.size(), "not a model: the file has only %'llu bytes",
                         static_cast<unsigned long long>(stream.size()));
  uint8_t start[kBareHeader];
  rt::Result<void> read = stream.read(start, sizeof start);
  if (!read) return read.error();

  Checkpoint checkpoint;
  Fields fields;
  const uint32_t magic = rt::load<uint32_t>(start);
  if (magic == kGgufMagic)
    return stream.refuse(0, "a GGUF model; this program reads llama2.c checkpoints (.bin)");
  if (magic == kMagic) {
    if (rt::Result<void> done = read_versioned(stream, start, fields, checkpoint); !done) return done.error();
  } else {
    for (uint32_t i = 0; i < 7; ++i) fields[i] = rt::load<int32_t>(start + 4 * i);
    checkpoint.info.shared_classifier = fields[5] > 0;
    if (fields[5] < 0) fields[5] = -fields[5];
  }

  const uint64_t first = checkpoint.version ? 8 : 0;
  if (rt::Result<void> fine = check_limits(stream, fields, first); !fine) return fine.error();
  checkpoint.info.config = {.dim = uint32_t(fields[0]),
                       .hidden_dim = uint32_t(fields[1]),
                       .n_layers = uint32_t(fields[2]),
                       .n_heads = uint32_t(fields[3]),
                       .n_kv_heads = uint32_t(fields[4]),
                       .vocab_size = uint32_t(fields[5]),
                       .seq_len = uint32_t(fields[6])};
  if (rt::Result<void> fine = check_shape(stream, checkpoint.info.config); !fine) return fine.error();
  if (checkpoint.version == 2)
    if (rt::Result<void> fine = check_groups(stream, checkpoint); !fine) return fine.error();
  static constexpr const char* kNames[] = {"llama2.c v0", "llama2.c v1", "llama2.c v2"};
  checkpoint.info.format = kNames[checkpoint.version];
  checkpoint.info.weights = checkpoint.version == 2 ? "int8" : "float32";
  checkpoint.file_bytes = described_bytes(checkpoint);
  if (rt::Result<void> fine = check_length(stream, checkpoint.file_bytes); !fine)
    return fine.error();
  return checkpoint;
}

}  // namespace model
