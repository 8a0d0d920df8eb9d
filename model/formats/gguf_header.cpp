#include "model/formats/gguf_header.hpp"

#include <stddef.h>

#include "model/tokenizers/pieces.hpp"
#include "rt/memory.hpp"

namespace model::gguf {
namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr uint64_t kMostKeys = 65536, kMostTensors = 65536;
constexpr uint64_t kLongestToken = Pieces::kLongest, kLongestMerge = 2 * kLongestToken + 1;
constexpr uint64_t kLongestLabel = 1024, kLongestTemplate = 64 * 1024;

/// What a key's value is read as.
enum class Kind : uint8_t {
  whole,   // one whole number; an array of equal ones is one too (so some writers say what holds for every layer)
  token,   // a token's id, or a flag; what is past every vocabulary means: none
  real,    // a number with a fraction
  text,    // least and most: bytes
  tokens, merges, scores, types,  // arrays
};

/// A key that we know, where its value goes in a Header, and what it must lie between.
struct Key {
  const char* name;
  Kind kind;
  bool needed;
  uint16_t field;
  uint32_t least, most;
};

constexpr Key kKeys[] = {
    {"general.architecture", Kind::text, true, offsetof(Header, architecture), 1, kLongestLabel},
    {"general.name", Kind::text, false, offsetof(Header, name), 0, kLongestLabel},
    {"general.alignment", Kind::whole, false, offsetof(Header, alignment), 1, 1 << 20},
    {"llama.block_count", Kind::whole, true, offsetof(Header, n_layers), 1, 512},
    {"llama.context_length", Kind::whole, true, offsetof(Header, context_length), 1, 1 << 24},
    {"llama.embedding_length", Kind::whole, true, offsetof(Header, dim), 1, 1 << 16},
    {"llama.feed_forward_length", Kind::whole, true, offsetof(Header, hidden_dim), 1, 1 << 18},
    {"llama.attention.head_count", Kind::whole, true, offsetof(Header, n_heads), 1, 1 << 12},
    {"llama.attention.head_count_kv", Kind::whole, false, offsetof(Header, n_kv_heads), 1, 1 << 12},
    {"llama.attention.key_length", Kind::whole, false, offsetof(Header, key_length), 2, 1 << 12},
    {"llama.attention.value_length", Kind::whole, false, offsetof(Header, value_length), 2, 1 << 12},
    {"llama.attention.layer_norm_rms_epsilon", Kind::real, true, offsetof(Header, norm_epsilon), 0, 1},
    {"llama.rope.dimension_count", Kind::whole, false, offsetof(Header, rope_dim), 2, 1 << 12},
    {"llama.rope.freq_base", Kind::real, false, offsetof(Header, rope_base), 1, ~0u},
    {"llama.rope.scaling.type", Kind::text, false, offsetof(Header, rope_scaling), 0, kLongestLabel},
    {"llama.rope.scaling.factor", Kind::real, false, offsetof(Header, rope_factor), 0, 1 << 20},
    {"llama.rope.scale_linear", Kind::real, false, offsetof(Header, rope_scale_linear), 0, 1 << 20},
    {"llama.expert_count", Kind::whole, false, offsetof(Header, n_experts), 0, ~0u},
    {"split.no", Kind::whole, false, offsetof(Header, split_no), 0, 65535},
    {"split.count", Kind::whole, false, offsetof(Header, split_count), 0, 65535},
    {"split.tensors.count", Kind::whole, false, offsetof(Header, split_tensors), 0, kMostTensors},
    {"tokenizer.ggml.model", Kind::text, true, offsetof(Header, vocabulary.model), 1, kLongestLabel},
    {"tokenizer.ggml.pre", Kind::text, false, offsetof(Header, vocabulary.pre), 0, kLongestLabel},
    {"tokenizer.ggml.tokens", Kind::tokens, true, offsetof(Header, vocabulary.tokens), 1, 1 << 20},
    {"tokenizer.ggml.merges", Kind::merges, false, offsetof(Header, vocabulary.merges), 0, 1 << 21},
    {"tokenizer.ggml.scores", Kind::scores, false, offsetof(Header, vocabulary.scores), 0, 1 << 20},
    {"tokenizer.ggml.token_type", Kind::types, false, offsetof(Header, vocabulary.types), 0, 1 << 20},
    {"tokenizer.ggml.bos_token_id", Kind::token, false, offsetof(Header, vocabulary.bos), 0, 0},
    {"tokenizer.ggml.eos_token_id", Kind::token, false, offsetof(Header, vocabulary.eos), 0, 0},
    {"tokenizer.ggml.eot_token_id", Kind::token, false, offsetof(Header, vocabulary.eot), 0, 0},
    {"tokenizer.ggml.eom_token_id", Kind::token, false, offsetof(Header, vocabulary.eom), 0, 0},
    {"tokenizer.ggml.unknown_token_id", Kind::token, false, offsetof(Header, vocabulary.unknown), 0, 0},
    {"tokenizer.ggml.add_bos_token", Kind::token, false, offsetof(Header, vocabulary.add_bos), 0, 0},
    {"tokenizer.ggml.add_space_prefix", Kind::token, false, offsetof(Header, vocabulary.add_space_prefix), 0, 0},
    {"tokenizer.chat_template", Kind::text, false, offsetof(Header, vocabulary.chat_template), 0, kLongestTemplate},
};
static_assert(sizeof kKeys / sizeof kKeys[0] <= 64, "a bit of `seen` for each");

/// Reads one key and its value after the other into a Header.
class Keys {
 public:
  Keys(Reader& reader, Header& header, rt::Arena& arena) : reader_(reader), header_(header), arena_(arena) {}

  void next() {
    const rt::Text name = reader_.name();
    head_ = reader_.value_head();
    if (reader_.failed()) return;
    for (const Key& key : kKeys)
      if (name == key.name) return known(key);
    reader_.skip(head_);
  }

  /// The first key that a model needs and that did not come; null where all came.
  const char* missing() const {
    for (const Key& key : kKeys)
      if (key.needed && !(seen_ & bit(key))) return key.name;
    return nullptr;
  }

 private:
  static uint64_t bit(const Key& key) { return uint64_t{1} << (&key - kKeys); }

  template <class T>
  T& field(const Key& key) {
    return *reinterpret_cast<T*>(reinterpret_cast<uint8_t*>(&header_) + key.field);
  }

  void known(const Key& key) {
    if (seen_ & bit(key)) return reader_.refuse(rt::Errc::bad_file, "occurs twice");
    seen_ |= bit(key);
    switch (key.kind) {
      case Kind::whole: return whole(key);
      case Kind::token: return token(key);
      case Kind::real: return real(key);
      case Kind::text: return text(key);
      case Kind::tokens: return texts(key, kLongestToken);
      case Kind::merges: return texts(key, kLongestMerge);
      case Kind::scores: return scores(key);
      case Kind::types: return types(key);
    }
  }

  /// Whether the value is an array, or none, of this kind; if not, that is the error.
  bool is(bool kind, bool array, const char* what) {
    if (kind && head_.array == array) return true;
    reader_.refuse(rt::Errc::bad_file, "must be %s%s", array ? "an array of " : "", what);
    return false;
  }

  bool few_enough(const Key& key) {
    if (head_.count >= key.least && head_.count <= key.most) return true;
    reader_.refuse(rt::Errc::unsupported, "has %'llu entries; it must have %u to %'u",
                   static_cast<unsigned long long>(head_.count), key.least, key.most);
    return false;
  }

  void whole(const Key& key) {
    if (!is(head_.whole() && head_.count, head_.array, "whole numbers")) return;
    const uint64_t value = reader_.whole(head_.type);
    for (uint64_t i = 1; i < head_.count && !reader_.failed(); ++i)
      if (reader_.whole(head_.type) != value)
        return reader_.refuse(rt::Errc::unsupported, "differs from layer to layer");
    if (value < key.least || value > key.most)
      return reader_.refuse(rt::Errc::unsupported, "is %lld; it must be %u to %u", static_cast<long long>(value),
                            key.least, key.most);
    field<uint32_t>(key) = uint32_t(value);
  }

  void token(const Key& key) {
    if (is(head_.whole(), false, "a whole number"))
      field<uint32_t>(key) = uint32_t(rt::min<uint64_t>(reader_.whole(head_.type), Vocabulary::kNone));
  }

  void real(const Key& key) {
    if (!is(head_.real(), false, "a number with a fraction")) return;
    const double value = reader_.real(head_.type);
    if (!(value >= key.least && value <= key.most))  // so, NaN is out of bounds too
      return reader_.refuse(rt::Errc::unsupported, "is out of bounds: it must be %u to %u", key.least, key.most);
    field<float>(key) = float(value);
  }

  void text(const Key& key) {
    if (is(head_.type == ValueType::text, false, "a text")) field<rt::Text>(key) = reader_.text(key.most, arena_);
  }

  void texts(const Key& key, uint64_t longest) {
    if (is(head_.type == ValueType::text, true, "texts") && few_enough(key))
      field<rt::Span<rt::Text>>(key) = reader_.texts(head_.count, longest, arena_);
  }

  void scores(const Key& key) {
    if (!is(head_.real(), true, "numbers with fractions") || !few_enough(key)) return;
    const rt::Span<float> scores = reader_.make<float>(arena_, head_.count);
    for (float& score : scores) {
      score = float(reader_.real(head_.type));
      if (score != score) reader_.refuse(rt::Errc::bad_file, "holds a NaN");
    }
    field<rt::Span<float>>(key) = scores;
  }

  void types(const Key& key) {
    if (!is(head_.whole(), true, "whole numbers") || !few_enough(key)) return;
    const rt::Span<uint8_t> types = reader_.make<uint8_t>(arena_, head_.count);
    for (uint8_t& type : types) type = uint8_t(rt::min<uint64_t>(reader_.whole(head_.type), 255));
    field<rt::Span<uint8_t>>(key) = types;
  }

  Reader& reader_;
  Header& header_;
  rt::Arena& arena_;
  ValueHead head_;
  uint64_t seen_ = 0;
};

/// How many tensors or keys the file claims to have.
uint64_t count_of(const char* what, uint64_t most, Reader& reader) {
  const uint64_t n = reader.number<uint64_t>();
  if (n <= most) return n;
  reader.refuse(rt::Errc::bad_file, "claims to have %'llu %s; %'llu are the most", static_cast<unsigned long long>(n),
                what, static_cast<unsigned long long>(most));
  return 0;
}

void check_start(Reader& reader) {
  reader.about("the file");
  if (reader.number<uint32_t>() != kMagic) return reader.refuse(rt::Errc::bad_file, "is not a GGUF file");
  const uint32_t version = reader.number<uint32_t>();
  if (version && version % 65536 == 0)
    reader.refuse(rt::Errc::unsupported, "is big-endian; take the little-endian one");
  else if (version != 2 && version != 3)
    reader.refuse(rt::Errc::unsupported, "is of GGUF version %u; versions 2 and 3 can be read", version);
}

/// What the keys say together must be a model that we can run. Fills in what they leave to be inferred.
void check(Header& h, const char* missing, Reader& reader) {
  if (!h.architecture.empty() && !(h.architecture == "llama"))
    reader.refuse_value("general.architecture", h.architecture,
                        "only models of the llama family can be run, such as SmolLM2, TinyLlama and Llama 3.2");
  if (missing) reader.refuse_about(missing, "is missing");
  if (h.n_experts) reader.refuse_about("llama.expert_count", "tells of a mixture of experts; take a dense model");
  if (reader.failed()) return;

  if (!h.n_kv_heads) h.n_kv_heads = h.n_heads;
  if (h.n_heads % h.n_kv_heads)
    reader.refuse_about("llama.attention.head_count_kv", "does not divide the number of heads");
  if (!h.key_length) {
    if (h.dim % h.n_heads) reader.refuse_about("llama.attention.head_count", "does not divide the embedding's length");
    h.key_length = h.dim / h.n_heads;
  }
  if (h.key_length % 2 || h.key_length == 0) reader.refuse_about("llama.attention.key_length", "must be even");
  if (h.value_length && h.value_length != h.key_length)
    reader.refuse_about("llama.attention.value_length", "must be that of keys");
  if (h.rope_dim && h.rope_dim != h.key_length)
    reader.refuse_about("llama.rope.dimension_count", "must be the length of a head's keys");
  const bool linear = h.rope_scaling.empty() || h.rope_scaling == "linear";
  if (!linear && !(h.rope_scaling == "none"))
    reader.refuse_value("llama.rope.scaling.type", h.rope_scaling, "linear scaling and none can be computed");
  if (!linear) h.rope_factor = 1;
  if (h.rope_factor == 0) h.rope_factor = h.rope_scale_linear;
  if (h.rope_factor == 0) h.rope_factor = 1;
}

}  // namespace

rt::Result<Header> read_header(Reader& reader, rt::Arena& arena) {
  Header header;
  check_start(reader);
  header.n_tensors = count_of("tensors", kMostTensors, reader);
  const uint64_t n_keys = count_of("keys", kMostKeys, reader);
  Keys keys(reader, header, arena);
  for (uint64_t i = 0; i < n_keys && !reader.failed(); ++i) keys.next();
  if (header.alignment & (header.alignment - 1))
    reader.refuse_about("general.alignment", "is no power of two");
  if (!header.split_no) check(header, keys.missing(), reader);
  if (reader.failed()) return reader.error();
  return header;
}

}  // namespace model::gguf
