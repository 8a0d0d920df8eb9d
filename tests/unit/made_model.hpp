#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/formats/format.hpp"
#include "model/transformer.hpp"
#include "tests/host/engine.hpp"
#include "tests/host/made_checkpoint.hpp"
#include "tests/unit/exact.hpp"

namespace test {

inline std::string string(rt::Text text) { return {text.data, text.size}; }

/// Shapes small enough to be run thousands of times: those that tests/host knows, and extremes.
inline std::vector<model::Config> small_shapes() {
  // dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len
  return {shape("tiny"), shape("gqa"), shape("odd"), {2, 1, 1, 1, 1, 1, 1},
          {48, 48, 1, 2, 1, 300, 33}, {16, 17, 3, 8, 2, 17, 20}};
}

/// What a test is called that runs for one precision.
inline std::string precision_name(const testing::TestParamInfo<model::Precision>& info) {
  return info.param == model::Precision::f32 ? "Float32" : "Int8";
}

/// A file of `bytes` called made.bin that comes in pieces: of `pieces` bytes, again and again. Each
/// piece lies at an odd address and is freed when the next is asked for.
class PieceSource final : public rt::ByteSource {
 public:
  PieceSource(const std::vector<uint8_t>& bytes, std::vector<uint64_t> pieces)
      : bytes_(bytes), pieces_(std::move(pieces)) {}

  /// From this byte on the medium cannot be read.
  uint64_t broken_from = ~uint64_t{0};

  rt::Text name() const override { return "made.bin"; }
  uint64_t size() const override { return bytes_.size(); }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override {
    EXPECT_GT(most, 0u);
    piece_.reset();
    const uint64_t end = rt::min<uint64_t>(bytes_.size(), broken_from);
    if (at_ >= end) return rt::fail(rt::Errc::firmware, at_, "made.bin: the medium is broken");
    const uint64_t n = rt::min(rt::min(most, pieces_[turn_++ % pieces_.size()]), end - at_);
    piece_ = std::make_unique<Exact<uint8_t>>(n, 1);
    std::memcpy(piece_->data(), &bytes_[at_], n);
    at_ += n;
    return rt::Span<const uint8_t>{piece_->data(), n};
  }
  uint64_t position() const { return at_; }

 private:
  const std::vector<uint8_t>& bytes_;
  std::vector<uint64_t> pieces_;
  std::unique_ptr<Exact<uint8_t>> piece_;
  uint64_t at_ = 0, turn_ = 0;
};

inline rt::MemorySource memory_source(const std::vector<uint8_t>& bytes) {
  return {"made.bin", {bytes.data(), bytes.size()}};
}

/// A model in memory of exactly the size that its plan asks for, all bits one at first.
struct LoadedModel {
  LoadedModel(rt::ByteSource& source, const model::Storage& storage) : stream(source) {
    file = need(model::open_model(stream, head, head));
    plan = need(file->plan(storage, head));
    memory.emplace(plan->arena_bytes());
    arena = rt::Arena(memory->span());
    need(plan->allocate(model, arena));
    const Exact<uint8_t> scratch_memory(file->scratch_bytes());
    rt::Arena scratch(scratch_memory.span());
    need(file->load(stream, model, scratch));
    activations = plan->activation_size();
  }
  LoadedModel(rt::MemorySource&& source, const model::Storage& storage)
      : LoadedModel(static_cast<rt::ByteSource&>(source), storage) {}
  LoadedModel(const std::vector<uint8_t>& file, const model::Storage& storage)
      : LoadedModel(memory_source(file), storage) {}

  /// The columns with one scale in rows of dim, and of hidden_dim columns.
  uint32_t group_dim() const { return model.layers[0].wq.groups.size; }
  uint32_t group_hidden_dim() const { return model.layers[0].w2.groups.size; }

  model::Stream stream;
  HostPages pages;
  rt::Arena head{pages};
  const model::ModelFile* file;
  const model::TensorPlan* plan;
  std::optional<Exact<uint8_t>> memory;
  rt::Arena arena;
  model::Model model;
  model::ActivationSize activations;
};

}  // namespace test
