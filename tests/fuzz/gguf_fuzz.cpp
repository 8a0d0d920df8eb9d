// GGUF files.
//
// For every file, in whatever pieces it comes: it is refused with a sentence, or it is a model that
// - takes from its arena what was announced, no more, and where an arena is too small is refused as out of memory;
// - holds the weights that a naive decoder finds in the file, and the same to the last bit when the pieces have other sizes;
// - has the same logits to the last bit with every kernel set of this machine, and whatever they are a token is drawn;
// - has a tokenizer that gives tokens of the vocabulary for any text.
#include "tests/fuzz/gguf_file.hpp"
#include "tests/fuzz/loaded_model.hpp"
#include "tests/fuzz/source.hpp"

namespace {

using fuzz::must, fuzz::Loaded;

constexpr uint64_t kMemory = 1 << 20;      // for weights: refuses large models, which are slow
constexpr uint64_t kHeadMemory = 1 << 20;  // for what the head says

/// What the input says beside the file itself.
struct Plan {
  explicit Plan(fuzz::Input& input)
      : precision(input.byte()), piece(input.byte()), shortage(input.byte()), steps(input.byte()), kernel(input.byte()) {}

  model::Precision how() const {
    constexpr model::Precision kAll[] = {model::Precision::usual, model::Precision::f32, model::Precision::q8,
                                         model::Precision::file};
    return kAll[precision % 4];
  }
  uint64_t piece_size() const { return piece < 128 ? uint64_t{1} + piece : uint64_t{1} << (piece & 31); }

  uint8_t precision, piece, shortage, steps, kernel;
};

/// A model's file that was opened, with the memory that this took.
struct Opened {
  Opened(const std::vector<uint8_t>& file, uint64_t piece)
      : source(file, file.size(), file.size(), piece), stream(source), result(model::open_model(stream, head, scratch)) {}

  test::Exact<uint8_t> head_memory{kHeadMemory}, scratch_memory{kHeadMemory};
  rt::Arena head{head_memory.span()}, scratch{scratch_memory.span()};
  fuzz::Source source;
  model::Stream stream;
  rt::Result<const model::ModelFile*> result;
};

void must_encode(const model::ModelFile& file, const Plan& plan) {
  const model::Tokenizer* tokenizer = file.tokenizer();
  must(tokenizer, "a GGUF file brings its tokenizer");
  const test::Exact<uint8_t> memory(kHeadMemory);
  rt::Arena arena(memory.span());
  const char text[] = {'a', ' ', char(plan.steps), char(plan.kernel), 'b', char(plan.piece), '<', '/', 's', '>'};
  auto tokens = tokenizer->encode({text, sizeof text}, arena);
  if (!tokens) return fuzz::must_be_a_sentence(tokens.error());
  for (const model::Token token : *tokens) must(token < file.info().config.vocab_size, "tokens are of the vocabulary");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const Plan plan(input);
  std::vector<uint8_t> file = input.rest();
  if (file.size() < 4) return 0;
  std::memcpy(file.data(), "GGUF", 4);

  Opened opened(file, plan.piece_size());
  must(opened.scratch.used() == 0, "the scratch arena is rewound");
  if (!opened.result) {
    fuzz::must_be_a_sentence(opened.result.error(), std::string(file.begin(), file.end()));
    return 0;
  }
  const model::ModelFile& model_file = **opened.result;
  must_encode(model_file, plan);
  auto planned = model_file.plan({plan.how()}, opened.head);
  if (!planned) return 0;  // the head has used up its memory
  const model::TensorPlan& plan_of = **planned;
  const uint64_t bytes = plan_of.arena_bytes();
  if (fuzz::lacks_memory(model_file, plan_of, kMemory, plan.shortage, opened.stream)) return 0;

  Loaded loaded(model_file, plan_of);
  const rt::Result<void> done = loaded.load(opened.stream, model_file, plan_of);
  must(loaded.scratch.used() == 0, "the scratch arena is rewound");
  if (!done) {
    // What only the data can say: scales that are no numbers, weights that are too large.
    fuzz::must_be_a_sentence(done.error());
    must(done.error().code == rt::Errc::bad_file, "a model that fits is refused for what is in it");
    return 0;
  }
  must(loaded.arena.used() == bytes, "a model takes what it said");
  must(opened.stream.left() == 0, "a model is read to its file's end");
  fuzz::GgufFileByHand(file).must_be_in(loaded.model, plan.how() == model::Precision::q8);

  Opened whole(file, file.size());
  must(bool(whole.result), "the same head is read twice");
  const model::ModelFile& same_file = **whole.result;
  auto same_plan = same_file.plan({plan.how()}, whole.head);
  must(bool(same_plan), "the same plan is made twice");
  Loaded again(same_file, **same_plan);
  must(bool(again.load(whole.stream, same_file, **same_plan)), "the same model is read twice");
  must(fuzz::same_weights(loaded.model, again.model), "the sizes of the pieces change nothing");
  fuzz::compare_kernels(loaded.model, plan_of.activation_size(), {plan.piece, plan.steps, plan.kernel}, false);
  return 0;
}
