// Checkpoints: headers and streams of all versions.
//
// For every file, however long it claims to be and in whatever pieces it comes: it is refused with
// a sentence, or it is a model that
// - takes from its arena what arena_bytes() said, and writes nowhere else;
// - where an arena is too small is refused as out_of_memory, before anything else can go wrong;
// - holds the weights that the file holds, and the same to the last bit when the pieces have other
//   sizes;
// - has the same logits to the last bit with every kernel set of this machine, finite ones where
//   its weights are, and whatever they are a token of the vocabulary is drawn.
#include "model/formats/format.hpp"
#include "tests/fuzz/checkpoint_file.hpp"
#include "tests/fuzz/loaded_model.hpp"
#include "tests/fuzz/source.hpp"

namespace {

using fuzz::must, fuzz::Loaded;

constexpr uint64_t kMemory = 64 * 1024;   // for weights: keeps a run short, refuses large models
constexpr uint64_t kMedium = 256 * 1024;  // no medium here holds more

/// What the input says beside the file itself.
struct Plan {
  explicit Plan(fuzz::Input& input)
      : length(input.byte()), storage(input.byte()), piece(input.byte()), shortage(input.byte()),
        steps(input.byte()), kernel(input.byte()) {}

  model::Storage how() const {
    const uint32_t groups[] = {384, 1u + (storage >> 1), 4u * (1 + (storage >> 1)), 65536};
    return {storage & 1 ? model::Precision::f32 : model::Precision::q8, groups[storage >> 6]};
  }
  uint64_t piece_size() const { return piece < 128 ? uint64_t{1} + piece : uint64_t{1} << (piece & 31); }

  uint8_t length, storage, piece, shortage, steps, kernel;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const Plan plan(input);
  const std::vector<uint8_t> file = input.rest();
  const uint64_t described = fuzz::described_bytes(file);
  const uint64_t sizes[] = {file.size(), described, described, described + plan.length / 4 - 32};
  const uint64_t claimed = file.empty() ? 0 : sizes[plan.length % 4];
  const uint64_t breaks_at = plan.length % 4 == 2 ? file.size() : kMedium;

  fuzz::Source source(file, claimed, breaks_at, plan.piece_size());
  model::Stream stream(source);
  const test::Exact<uint8_t> head_memory(4096);
  rt::Arena head(head_memory.span());
  auto opened = model::open_model(stream, head, head);
  if (!opened) {
    fuzz::must_be_a_sentence(opened.error());
    return 0;
  }
  const model::ModelFile& model_file = **opened;
  must(claimed == described, "a checkpoint is as long as its header describes");
  const model::Config& c = model_file.info().config;
  must(c.dim % c.n_heads == 0 && c.head_dim() % 2 == 0, "heads divide a vector into pairs");
  must(c.n_heads % c.n_kv_heads == 0, "every head has keys and values");

  const model::TensorPlan& plan_of = **model_file.plan(plan.how(), head);
  const uint64_t bytes = plan_of.arena_bytes();
  if (fuzz::lacks_memory(model_file, plan_of, kMemory, plan.shortage, stream)) return 0;

  Loaded loaded(model_file, plan_of);
  const rt::Result<void> done = loaded.load(stream, model_file, plan_of);
  must(loaded.scratch.used() == 0, "the scratch arena is rewound");
  if (!done) {
    fuzz::must_be_a_sentence(done.error());
    must(source.position() >= rt::min(claimed, breaks_at), "only a broken medium stops a model that fits");
    must(breaks_at < claimed, "a whole medium brings a whole model");
    return 0;
  }
  must(loaded.arena.used() == bytes, "a model takes what it said");
  must(stream.left() == 0 && source.position() == claimed, "a model is read to its file's end");
  fuzz::WeightsOfFile(file, model_file.info()).must_be_in(loaded.model);

  fuzz::Source whole(file, claimed, kMedium, kMedium);
  model::Stream other(whole);
  const test::Exact<uint8_t> again_memory(4096);
  rt::Arena again_head(again_memory.span());
  auto reopened = model::open_model(other, again_head, again_head);
  must(bool(reopened), "the same header is read twice");
  const model::ModelFile& same_file = **reopened;
  const model::TensorPlan& same_plan = **same_file.plan(plan.how(), again_head);
  Loaded again(same_file, same_plan);
  must(bool(again.load(other, same_file, same_plan)), "the same model is read twice");
  must(fuzz::same_weights(loaded.model, again.model), "the sizes of the pieces change nothing");
  fuzz::compare_kernels(loaded.model, plan_of.activation_size(), {plan.piece, plan.steps, plan.kernel},
                        fuzz::is_tame(loaded.model));
  return 0;
}
