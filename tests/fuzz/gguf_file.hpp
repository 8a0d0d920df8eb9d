// A second opinion on GGUF files, from the format's description alone, for files that were accepted: where each tensor lies,
// and what its numbers are.
#pragma once
#include <cmath>
#include <map>

#include "model/formats/stored_types.hpp"
#include "model/model.hpp"
#include "model/pack.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/host/naive_blocks.hpp"

namespace fuzz {

class GgufFileByHand {
 public:
  explicit GgufFileByHand(const std::vector<uint8_t>& file) : file_(file) {
    at_ = 8;
    const auto tensors = take<uint64_t>(), keys = take<uint64_t>();
    uint64_t alignment = 32;
    for (uint64_t i = 0; i < keys; ++i) {
      const std::string key = take_text();
      const auto type = take<uint32_t>();
      if (key == "general.alignment") {
        const size_t before = at_;
        alignment = take<uint32_t>() & (sizes(type) == 1 ? 0xffu : sizes(type) == 2 ? 0xffffu : ~0u);
        at_ = before;
        if (type == 9) alignment = 0;
      }
      pass(type);
    }
    if (alignment == 0) alignment = 32;  // an array of equal ones: rare, and not looked into
    for (uint64_t i = 0; i < tensors; ++i) {
      const std::string name = take_text();
      Tensor& tensor = tensors_[name];
      uint64_t dims[4] = {1, 1, 1, 1};
      for (uint32_t n = take<uint32_t>(), d = 0; d < n; ++d) dims[d] = take<uint64_t>();
      tensor.cols = dims[0];
      tensor.rows = dims[1];
      tensor.type = take<uint32_t>();
      tensor.offset = take<uint64_t>();
    }
    data_ = (at_ + alignment - 1) / alignment * alignment;
  }

  /// Compares a loaded model with the file, number by number. `rounded`: floats were, to 8 bits.
  void must_be_in(const model::Model& m, bool rounded) const {
    matrix("token_embd.weight", m.embedding, rounded && !tensors_.contains("output.weight"));
    if (tensors_.contains("output.weight")) matrix("output.weight", m.classifier, rounded);
    vector("output_norm.weight", m.final_norm);
    for (uint64_t i = 0; i < m.layers.count; ++i) {
      const model::Layer& l = m.layers[i];
      const std::string layer = "blk." + std::to_string(i) + ".";
      vector(layer + "attn_norm.weight", l.attn_norm);
      vector(layer + "ffn_norm.weight", l.ffn_norm);
      const std::pair<const char*, const model::Matrix&> kMatrices[] = {
          {"attn_q", l.wq}, {"attn_k", l.wk}, {"attn_v", l.wv}, {"attn_output", l.wo},
          {"ffn_gate", l.w1}, {"ffn_up", l.w3}, {"ffn_down", l.w2}};
      for (const auto& [name, matrix_of] : kMatrices) matrix(layer + name + ".weight", matrix_of, rounded);
    }
  }

 private:
  struct Tensor {
    uint64_t rows, cols, offset;
    uint32_t type;
  };

  template <class T>
  T take() {
    must(at_ + sizeof(T) <= file_.size(), "an accepted head is whole");
    T value;
    std::memcpy(&value, &file_[at_], sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string take_text() {
    const auto n = take<uint64_t>();
    must(n <= file_.size() - at_, "an accepted text is whole");
    at_ += n;
    return {reinterpret_cast<const char*>(&file_[at_ - n]), n};
  }
  static uint32_t sizes(uint32_t type) {
    constexpr uint32_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    must(type < 13, "an accepted value has a known type");
    return kSizes[type];
  }
  void pass(uint32_t type) {
    if (type == 8) return void(take_text());
    if (type != 9) return void(at_ += sizes(type));
    const auto element = take<uint32_t>();
    const auto n = take<uint64_t>();
    if (element != 8) return void(at_ += n * sizes(element));
    for (uint64_t i = 0; i < n; ++i) take_text();
  }

  /// Number `c` of a row, and how far the rounding of a float product and sum may move it.
  static std::pair<double, double> number(uint32_t type, const uint8_t* row, uint64_t c) {
    if (type == 0 || type == 30) {
      uint32_t bits = 0;
      std::memcpy(type ? reinterpret_cast<uint8_t*>(&bits) + 2 : reinterpret_cast<uint8_t*>(&bits),
                  row + c * (type ? 2 : 4), type ? 2 : 4);
      return {std::bit_cast<float>(bits), 0};
    }
    if (type == 1) return {double(test::naive_half(row + 2 * c)) * 0x1p-24, 0};
    const model::StoredType& t = *model::find_stored_type(type);
    const test::NaiveWeight w = test::naive_weight(type, row + c / t.block_cols * t.block_bytes, uint32_t(c % t.block_cols));
    const double product = double(w.d) * w.q * 0x1p-24, sum = product + double(w.m) * 0x1p-24;
    return {sum, (std::fabs(product) + std::fabs(sum)) * 0x1p-24};
  }

  const uint8_t* place(const Tensor& t, uint64_t row) const {
    const model::StoredType& type = *model::find_stored_type(t.type);
    const uint64_t bytes = type.bytes(t.cols), at = data_ + t.offset + row * bytes;
    must(at + bytes <= file_.size(), "an accepted tensor lies in the file");
    return &file_[at];
  }

  void compare(const Tensor& t, uint64_t row, const float* got, bool rounded) const {
    const uint8_t* from = place(t, row);
    const bool coarse = rounded && (t.type < 2 || t.type == 30);
    double largest = 0;
    for (uint64_t c = 0; c < t.cols; ++c) {
      const auto [want, near] = number(t.type, from, c);
      if (c % 32 == 0) {
        largest = 0;
        for (uint64_t k = c; k < std::min(c + 32, t.cols); ++k) largest = std::max(largest, std::fabs(number(t.type, from, k).first));
      }
      // A step is the 127th part of the largest, as a half float: of which there are none below 2^-24.
      const double allowed = coarse ? largest / 127 * 0.51 + 127 * 0x1p-24 : near;
      must(std::fabs(got[c] - want) <= allowed, "a weight is the file's");
    }
  }

  void vector(const std::string& name, const float* got) const { compare(tensors_.at(name), 0, got, false); }

  void matrix(const std::string& name, const model::Matrix& m, bool rounded) const {
    const Tensor& t = tensors_.at(name);
    must(t.rows == m.rows && t.cols == m.cols, "a matrix has the shape that its file says");
    std::vector<float> row(m.cols);
    for (uint32_t i = 0; i < m.rows; ++i) {
      model::unpack_row(m, i, row.data());
      compare(t, i, row.data(), rounded);
    }
  }

  const std::vector<uint8_t>& file_;
  size_t at_ = 0;
  uint64_t data_ = 0;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace fuzz
