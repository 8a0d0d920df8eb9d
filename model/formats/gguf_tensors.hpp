#pragma once
#include "model/formats/gguf_header.hpp"
#include "model/formats/stored_types.hpp"
#include "model/formats/tensors.hpp"

namespace model::gguf {

/// One tensor of a file, as its head announces it.
struct TensorInfo {
  const StoredType* type = nullptr;
  uint64_t rows = 0, cols = 0;  // of a vector: one row
  TensorKind kind{};
  bool used = true;  // else its bytes are passed over
  uint16_t layer = 0;

  uint64_t row_bytes() const { return type->bytes(cols); }
  uint64_t bytes() const { return rows * row_bytes(); }
};

/// The name that files give to a used tensor, in `buffer`.
rt::Text name_of(const TensorInfo& info, rt::Span<char> buffer);

/// The tensors of a model, in one file or in several.
class TensorList {
 public:
  static rt::Result<TensorList> make(uint32_t n_layers, rt::Arena& arena);

  /// Reads a file's list, in the order of its bytes: one tensor after the other, padded to the alignment, without
  /// holes, as every writer leaves them. Refuses unknown names and types, and tensors that came before.
  rt::Result<rt::Span<TensorInfo>> read(const Header& header, Reader& reader, rt::Arena& arena);

  /// The tensor, or null where there is none.
  const TensorInfo* find(TensorKind kind, uint32_t layer) const { return index_[layer * kKinds + uint32_t(kind)]; }

  /// Refuses a model that lacks a tensor, or has one of another shape than `config` wants; by its name.
  rt::Result<void> check(const Config& config, Reader& reader) const;

 private:
  static constexpr uint32_t kKinds = uint32_t(TensorKind::rope_factors) + 1;

  TensorInfo read_info(Reader& reader) const;

  uint32_t n_layers_ = 0;
  rt::Span<const TensorInfo*> index_;  // [n_layers][kKinds]; what exists once is in the first row
};

}  // namespace model::gguf
