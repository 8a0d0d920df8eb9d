#pragma once
#include "model/formats/stream.hpp"
#include "model/formats/tensors.hpp"
#include "model/kernels/kernels.hpp"
#include "model/sampler.hpp"
#include "model/tokenizers/tokenizer.hpp"

namespace model {

/// A model's file whose head has been read; its weights come next in the stream.
class ModelFile {
 public:
  /// What the head says.
  virtual const ModelInfo& info() const = 0;
  /// The tokenizer that the head brought; null: it is in a file of its own (tokenizer_file.hpp).
  virtual const Tokenizer* tokenizer() const { return nullptr; }

  /// How tokens are drawn for it, in memory from `arena`: Sampler::arena_bytes(). `kernels` must outlive the sampler.
  virtual rt::Result<Sampler*> make_sampler(const Kernels& kernels, rt::Arena& arena) const = 0;

  /// How its tensors are kept where the user wants `storage`. Takes a little memory from `arena`,
  /// where the plan lives.
  virtual rt::Result<const TensorPlan*> plan(const Storage& storage, rt::Arena& arena) const = 0;
  /// The most that load() takes from its scratch arena, in bytes.
  virtual uint64_t scratch_bytes() const = 0;
  /// Fills `model`, which its plan allocated, with the weights that come out of `stream`, to the
  /// file's end. `scratch` is rewound.
  virtual rt::Result<void> load(Stream& stream, Model& model, rt::Arena& scratch) const = 0;

 protected:
  ~ModelFile() = default;
};

/// A file format for models.
struct Format {
  const char* name;
  /// Is a file that begins with `head` (Stream::kPeek bytes, fewer where it is shorter) one of these?
  bool (*matches)(rt::Span<const uint8_t> head);
  /// Reads and judges the head; what it says is kept in `arena`, `scratch` is rewound. A file that this returns has
  /// only sizes that can be multiplied without overflow.
  rt::Result<const ModelFile*> (*open)(Stream& stream, rt::Arena& arena, rt::Arena& scratch);
};

/// The formats that were linked, in the order in which they are asked; the last takes every file.
rt::Span<const Format* const> all_formats();

/// Reads the head of a model's file of any format that this program has.
rt::Result<const ModelFile*> open_model(Stream& stream, rt::Arena& arena, rt::Arena& scratch);

}  // namespace model
