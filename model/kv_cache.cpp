#include "model/kv_cache.hpp"

namespace model {
namespace {

uint64_t lanes(uint64_t n) { return rt::round_up(n, kBlockRows); }
uint64_t key_floats(const Config& c, uint32_t context) { return lanes(context) * c.head_dim(); }
uint64_t value_floats(const Config& c, uint32_t context) { return lanes(context) * lanes(c.head_dim()); }

}  // namespace

uint64_t KvCache::bytes(const Config& c, uint32_t context) {
  return uint64_t{c.n_layers} * c.n_kv_heads * (key_floats(c, context) + value_floats(c, context)) * sizeof(float);
}

rt::Result<KvCache> KvCache::create(const Config& c, uint32_t context, rt::Arena& arena) {
  const uint64_t count = uint64_t{c.n_layers} * c.n_kv_heads;
  rt::Result<rt::Span<HeadCache>> heads = arena.make_raw<HeadCache>(count);
  if (!heads) return heads.error();
  KvCache cache;
  cache.heads_ = *heads;
  cache.context_ = context;
  cache.n_kv_heads_ = c.n_kv_heads;
  cache.head_dim_ = c.head_dim();
  cache.width_ = uint32_t(lanes(c.head_dim()));
  // Each head on its own: so there is always a piece of memory that is large enough.
  for (uint64_t i = 0; i < count; ++i) {
    rt::Result<rt::Span<float>> keys = arena.make_raw<float>(key_floats(c, context));
    if (!keys) return keys.error();
    rt::Result<rt::Span<float>> values = arena.make_raw<float>(value_floats(c, context));
    if (!values) return values.error();
    if (arena.is_counting()) continue;
    cache.heads_[i] = {keys->data, values->data};
  }
  return cache;
}

void KvCache::store(uint32_t layer, uint32_t position, const float* k, const float* v) {
  for (uint32_t head = 0; head < n_kv_heads_; ++head, k += head_dim_, v += head_dim_) {
    const HeadCache& at = heads_[index(layer, head)];
    float* block = at.keys + uint64_t{position} / kBlockRows * kBlockRows * head_dim_;
    // Lanes of steps that have not come yet are computed and thrown away; they must be numbers. All of a long cache at
    // once would take as long as reading a model.
    if (position % kBlockRows == 0) rt::fill_bytes(block, 0, uint64_t{kBlockRows} * head_dim_ * sizeof(float));
    float* key = block + position % kBlockRows;
    float* value = at.values + uint64_t{position} * width_;
    for (uint32_t j = 0; j < head_dim_; ++j) key[uint64_t{j} * kBlockRows] = k[j];
    for (uint32_t j = 0; j < width_; ++j) value[j] = j < head_dim_ ? v[j] : 0;
  }
}

}  // namespace model
