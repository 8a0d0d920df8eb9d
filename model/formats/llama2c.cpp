#include "model/formats/llama2c.hpp"

#include "model/formats/llama2c_layout.hpp"

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

rt::Error bad(const rt::ByteSource& source, const char* what) {
  const rt::Text name = source.name();
  return rt::fail(rt::Errc::bad_file, 0, "%pT: %s", &name, what);
}

/// `first`: the offset of the first field.
rt::Result<void> check_limits(const rt::ByteSource& source, const Fields& fields, uint64_t first) {
  const rt::Text name = source.name();
  for (uint32_t i = 0; i < 7; ++i)
    if (fields[i] < 1 || fields[i] > kLimits[i].most)
      return rt::fail(rt::Errc::bad_file, first + i * 4,
                      "%pT: not a llama2.c checkpoint: %s is %lld, not 1 to %'lld",
                      &name, kLimits[i].name,
                      static_cast<long long>(fields[i]), static_cast<long long>(kLimits[i].most));
  return {};
}

rt::Result<void> check_shape(const rt::ByteSource& source, const Config& c) {
  const rt::Text name = source.name();
  const char* what = nullptr;
  if (c.dim % c.n_heads)
    what = "n_heads does not divide dim";
  else if (c.head_dim() % 2)
    what = "the size of a head is odd";
  else if (c.n_heads % c.n_kv_heads)
    what = "n_kv_heads does not divide n_heads";
  if (!what) return {};
  return rt::fail(rt::Errc::bad_file, 0,
                  "%pT: not a llama2.c checkpoint: %s (dim %u, n_heads %u, n_kv_heads %u)",
                  &name, what, c.dim, c.n_heads,
                  c.n_kv_heads);
}

rt::Result<void> check_groups(const rt::ByteSource& source, const Checkpoint& checkpoint) {
  const rt::Text name = source.name();
  for (Part part : file_order(checkpoint)) {
    const PartShape shape = shape_of(checkpoint, part);
    if (shape.is_matrix && shape.weights() % checkpoint.group_size)
      return rt::fail(rt::Errc::bad_file, 37,
                      "%pT: damaged: groups of %u weights do not divide a tensor of %'llu",
                      &name, checkpoint.group_size,
                      static_cast<unsigned long long>(shape.weights()));
  }
  return {};
}

uint64_t described_bytes(const Checkpoint& checkpoint) {
  uint64_t bytes = checkpoint.version ? kHeader : kBareHeader;
  for (Part part : file_order(checkpoint)) {
    const PartShape shape = shape_of(checkpoint, part);
    bytes += shape.copies * copy_bytes(checkpoint, shape);
  }
  return bytes;
}

rt::Result<void> check_length(const rt::ByteSource& source, uint64_t described) {
  const rt::Text name = source.name();
  const auto has = static_cast<unsigned long long>(source.size());
  const auto wants = static_cast<unsigned long long>(described);
  if (has < wants)
    return rt::fail(rt::Errc::bad_file, has,
                    "%pT: the file ends after %'llu of the %'llu bytes that its header describes; "
                    "copy it again", &name, has, wants);
  if (has > wants)
    return rt::fail(rt::Errc::bad_file, wants,
                    "%pT: the file has %'llu bytes, its header describes %'llu; not a llama2.c "
                    "checkpoint, or a damaged one", &name,
                    has, wants);
  return {};
}

/// Versions 1 and 2: magic, version, seven fields, shared flag, [group size], zeros.
rt::Result<Checkpoint> read_versioned(rt::ByteSource& source, const uint8_t* start, Fields& fields) {
  const rt::Text name = source.name();
  uint8_t header[kHeader];
  rt::copy_bytes(header, start, kBareHeader);
  if (source.size() < kHeader) return bad(source, "the file ends inside its header; copy it again");
  rt::Result<void> rest = rt::read_exactly(source, header + kBareHeader, kHeader - kBareHeader);
  if (!rest) return rest.error();

  Checkpoint checkpoint;
  checkpoint.version = rt::load<uint32_t>(header + 4);
  if (checkpoint.version != 1 && checkpoint.version != 2)
    return rt::fail(rt::Errc::unsupported, 4,
                    "%pT: llama2.c checkpoint of version %u; this program reads 0, 1 and 2",
                    &name, checkpoint.version);
  for (uint32_t i = 0; i < 7; ++i) fields[i] = rt::load<int32_t>(header + 8 + 4 * i);
  checkpoint.shared_classifier = header[36] != 0;
  if (checkpoint.version == 2) {
    const int32_t group = rt::load<int32_t>(header + 37);
    if (group < 1 || group > 65536)
      return rt::fail(rt::Errc::bad_file, 37, "%pT: damaged: group size is %d, not 1 to 65,536",
                      &name, group);
    checkpoint.group_size = static_cast<uint32_t>(group);
  }
  return checkpoint;
}

}  // namespace

rt::Result<Checkpoint> Checkpoint::open(rt::ByteSource& source) {
  const rt::Text name = source.name();
  if (source.size() < kBareHeader)
    return rt::fail(rt::Errc::bad_file, source.size(),
                    "%pT: not a model: the file has only %'llu bytes", &name,
                    static_cast<unsigned long long>(source.size()));
  uint8_t start[kBareHeader];
  rt::Result<void> read = rt::read_exactly(source, start, sizeof start);
  if (!read) return read.error();

  Checkpoint checkpoint;
  Fields fields;
  const uint32_t magic = rt::load<uint32_t>(start);
  if (magic == kGgufMagic)
    return bad(source, "a GGUF model; this program reads llama2.c checkpoints (.bin)");
  if (magic == kMagic) {
    rt::Result<Checkpoint> versioned = read_versioned(source, start, fields);
    if (!versioned) return versioned.error();
    checkpoint = *versioned;
  } else {
    for (uint32_t i = 0; i < 7; ++i) fields[i] = rt::load<int32_t>(start + 4 * i);
    checkpoint.shared_classifier = fields[5] > 0;
    if (fields[5] < 0) fields[5] = -fields[5];
  }

  const uint64_t first = checkpoint.version ? 8 : 0;
  if (rt::Result<void> fine = check_limits(source, fields, first); !fine) return fine.error();
  checkpoint.config = {.dim = uint32_t(fields[0]),
                       .hidden_dim = uint32_t(fields[1]),
                       .n_layers = uint32_t(fields[2]),
                       .n_heads = uint32_t(fields[3]),
                       .n_kv_heads = uint32_t(fields[4]),
                       .vocab_size = uint32_t(fields[5]),
                       .seq_len = uint32_t(fields[6])};
  if (rt::Result<void> fine = check_shape(source, checkpoint.config); !fine) return fine.error();
  if (checkpoint.version == 2)
    if (rt::Result<void> fine = check_groups(source, checkpoint); !fine) return fine.error();
  checkpoint.file_bytes = described_bytes(checkpoint);
  if (rt::Result<void> fine = check_length(source, checkpoint.file_bytes); !fine)
    return fine.error();
  return checkpoint;
}

}  // namespace model
