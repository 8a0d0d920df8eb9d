#include "model/formats/gguf_tensors.hpp"

#include "rt/format.hpp"
#include "rt/parse.hpp"

namespace model::gguf {
namespace {

/// A tensor's name, "blk.N." in front and ".weight" behind taken off.
struct Name {
  const char* text;
  TensorKind kind;
  bool per_layer, needed;
};
constexpr Name kNames[] = {
    {"token_embd", TensorKind::embedding, false, true},
    {"output_norm", TensorKind::final_norm, false, true},
    {"output", TensorKind::classifier, false, false},  // where it is missing, the embedding is the classifier
    {"rope_freqs", TensorKind::rope_factors, false, false},
    {"attn_norm", TensorKind::attn_norm, true, true},
    {"attn_q", TensorKind::wq, true, true},
    {"attn_k", TensorKind::wk, true, true},
    {"attn_v", TensorKind::wv, true, true},
    {"attn_output", TensorKind::wo, true, true},
    {"ffn_norm", TensorKind::ffn_norm, true, true},
    {"ffn_gate", TensorKind::w1, true, true},
    {"ffn_down", TensorKind::w2, true, true},
    {"ffn_up", TensorKind::w3, true, true},
};

/// "blk.7." at the start of `name`, taken off; false where it is something else.
bool take_layer(rt::Text& name, uint64_t& layer) {
  const rt::Text prefix = "blk.";
  if (!name.starts_with(prefix)) return false;
  rt::Text rest = name.from(prefix.size);
  if (!rt::parse_u64(rt::take_until(rest, '.'), layer)) return false;
  name = rest;
  return true;
}

const Name* find(rt::Text name, uint64_t& layer) {
  const rt::Text suffix = ".weight";
  const bool per_layer = take_layer(name, layer);
  if (!name.ends_with(suffix)) return nullptr;
  name = name.part(0, name.size - suffix.size);
  for (const Name& known : kNames)
    if (known.per_layer == per_layer && name == known.text) return &known;
  return nullptr;
}

/// The name that files give to a tensor, in `buffer`.
rt::Text full_name(const Name& name, uint32_t layer, rt::Span<char> buffer) {
  return name.per_layer ? rt::print_to(buffer, "blk.%u.%s.weight", layer, name.text)
                        : rt::print_to(buffer, "%s.weight", name.text);
}

constexpr uint64_t kMostRows = 1 << 20;

/// Types of ggml that we do not have, and in which one to take a model instead: of about the same size.
struct OtherType {
  uint8_t id;
  char name[9], instead[7];
};
constexpr OtherType kOtherTypes[] = {
    {4, "Q4_2", "Q4_0"},       {5, "Q4_3", "Q4_1"},       {9, "Q8_1", "Q8_0"},       {15, "Q8_K", "Q8_0"},
    {16, "IQ2_XXS", "Q2_K"},   {17, "IQ2_XS", "Q2_K"},    {18, "IQ3_XXS", "Q3_K_M"}, {19, "IQ1_S", "Q2_K"},
    {21, "IQ3_S", "Q3_K_M"},   {22, "IQ2_S", "Q2_K"},     {24, "I8", "Q8_0"},        {25, "I16", "F16"},
    {26, "I32", "F32"},        {27, "I64", "F32"},        {28, "F64", "F32"},        {29, "IQ1_M", "Q2_K"},
    {31, "Q4_0_4_4", "Q4_0"},  {32, "Q4_0_4_8", "Q4_0"},  {33, "Q4_0_8_8", "Q4_0"},  {34, "TQ1_0", "Q2_K"},
    {35, "TQ2_0", "Q2_K"},     {36, "IQ4_NL*", "IQ4_NL"}, {37, "IQ4_NL*", "IQ4_NL"}, {38, "IQ4_NL*", "IQ4_NL"},
    {39, "MXFP4", "Q4_K_M"},   {40, "NVFP4", "Q4_K_M"},
};

/// The type with number `id`; fails where we do not have it, with what to take instead.
const StoredType* type_of(uint32_t id, Reader& reader) {
  if (const StoredType* type = find_stored_type(id)) return type;
  for (const OtherType& other : kOtherTypes)
    if (other.id == id)
      reader.refuse(rt::Errc::unsupported, "is stored as %s, which is not supported; take the model in %s", other.name,
                    other.instead);
  reader.refuse(rt::Errc::unsupported,
                "is stored as type %u of ggml, which is not supported; take the model in Q4_K_M, "
                "Q4_0 or Q8_0",
                id);
  return nullptr;
}

}  // namespace

rt::Text name_of(const TensorInfo& info, rt::Span<char> buffer) {
  for (const Name& name : kNames)
    if (name.kind == info.kind) return full_name(name, info.layer, buffer);
  return {};
}

rt::Result<TensorList> TensorList::make(uint32_t n_layers, rt::Arena& arena) {
  rt::Result<rt::Span<const TensorInfo*>> index = arena.make<const TensorInfo*>(uint64_t{n_layers} * kKinds);
  if (!index) return index.error();
  TensorList list;
  list.n_layers_ = n_layers;
  list.index_ = *index;
  return list;
}

/// Reads one entry, but for where its bytes lie.
TensorInfo TensorList::read_info(Reader& reader) const {
  TensorInfo info;
  const rt::Text name = reader.name();
  uint64_t layer = 0;
  const Name* known = gguf::find(name, layer);
  uint64_t dims[4] = {1, 1, 1, 1};
  const uint32_t n_dims = reader.number<uint32_t>();
  if (n_dims == 0 || n_dims > 4) reader.refuse(rt::Errc::bad_file, "has %u dimensions", n_dims);
  for (uint32_t i = 0; i < n_dims && !reader.failed(); ++i) dims[i] = reader.number<uint64_t>();
  info.type = type_of(reader.number<uint32_t>(), reader);
  info.used = !name.ends_with(".attn_rot_embd");
  if (info.used && !known) reader.refuse(rt::Errc::unsupported, "is no tensor of a dense llama model");
  if (known && known->per_layer && layer >= n_layers_)
    reader.refuse(rt::Errc::bad_file, "is of a layer that llama.block_count does not have");
  if (dims[0] - 1 >= kMostRows || dims[1] - 1 >= kMostRows || dims[2] != 1 || dims[3] != 1)
    reader.refuse(rt::Errc::bad_file, "has impossible dimensions");
  if (reader.failed()) return info;
  if (dims[0] % info.type->block_cols)
    reader.refuse(rt::Errc::bad_file, "has rows of %'llu numbers, no multiple of the %u that %s takes together",
                  static_cast<unsigned long long>(dims[0]), info.type->block_cols, info.type->name);
  info.cols = dims[0];
  info.rows = dims[1];
  if (known) info.kind = known->kind;
  info.layer = static_cast<uint16_t>(layer);
  return info;
}

rt::Result<rt::Span<TensorInfo>> TensorList::read(const Header& header, Reader& reader, rt::Arena& arena) {
  const rt::Span<TensorInfo> infos = reader.make<TensorInfo>(arena, header.n_tensors);
  uint64_t at = 0;
  for (TensorInfo& info : infos) {
    info = read_info(reader);
    const uint64_t offset = reader.number<uint64_t>();
    if (reader.failed()) break;
    if (info.used) {
      const TensorInfo*& place = index_[info.layer * kKinds + uint32_t(info.kind)];
      if (place) reader.refuse(rt::Errc::bad_file, "occurs twice");
      place = &info;
    }
    if (offset != at)
      reader.refuse(rt::Errc::bad_file, "lies at byte %'llu of the data, not at %'llu, behind the tensor before it",
                    static_cast<unsigned long long>(offset), static_cast<unsigned long long>(at));
    at = rt::round_up(at + info.bytes(), header.alignment);
  }
  if (reader.failed()) return reader.error();
  return infos;
}

rt::Result<void> TensorList::check(const Config& config, Reader& reader) const {
  for (uint32_t layer = 0; layer < n_layers_; ++layer)
    for (const Name& name : kNames) {
      if (layer && !name.per_layer) continue;
      const TensorInfo* info = find(name.kind, layer);
      if (!info && !name.needed) continue;
      char text[64];
      reader.about(full_name(name, layer, {text, sizeof text}));
      const TensorShape shape = shape_of(config, name.kind);
      if (!info)
        reader.refuse(rt::Errc::bad_file, "is missing");
      else if (info->rows != shape.rows || info->cols != shape.cols)
        reader.refuse(rt::Errc::bad_file, "has %'llu x %'llu numbers; the keys of the file make it %'u x %'u",
                      static_cast<unsigned long long>(info->rows), static_cast<unsigned long long>(info->cols),
                      shape.rows, shape.cols);
    }
  if (reader.failed()) return reader.error();
  return {};
}

}  // namespace model::gguf
