#include "boot/load.hpp"

#include "boot/platform/volumes.hpp"
#include "boot/progress.hpp"
#include "model/kernels/select.hpp"

namespace boot {
namespace {

constexpr uint64_t kMaxVolumes = 64;

/// Room for encoding prompts that fill the context: tokens of up to eight bytes, and what the
/// encoder keeps per byte.
uint64_t prompt_room(uint32_t context) { return 4096 + uint64_t{context} * 8 * 80; }

rt::Result<const model::Kernels*> choose_kernels(const Options& options) {
  if (options.kernel.empty()) return model::all_kernels()[0];
  const model::Kernels* kernels = model::find_kernels(options.kernel);
  if (!kernels)
    return rt::fail(rt::Errc::usage, 0, "there is no kernel '%.*s'", options.kernel.length(),
                    options.kernel.data);
  return kernels;
}

/// "tokenizer.bin" in the folder of the model, in `buffer`.
rt::Text beside(rt::Text model, rt::Span<char> buffer) {
  uint64_t folder = model.size;
  while (folder && model[folder - 1] != '\\' && model[folder - 1] != '/') --folder;
  return rt::print_to(buffer, "%.*stokenizer.bin", int(folder), model.data);
}

/// The memory that a model needs, asked of firmware.
rt::Result<void> allocate(Engine& engine, const Options& options, uint64_t tokenizer_file) {
  const model::Config& c = engine.checkpoint.config;
  const model::Storage storage{.precision = options.precision};
  engine.tokenizer_bytes = model::Tokenizer::arena_bytes(tokenizer_file, c.vocab_size);
  const uint64_t session =
      model::Transformer::arena_bytes(c, engine.checkpoint.row_groups(storage), c.seq_len,
                                      engine.workers->parts()) +
      model::Sampler::arena_bytes(c.vocab_size) + prompt_room(c.seq_len);
  const uint64_t loading = kMaxTransfer + engine.checkpoint.scratch_bytes();

  rt::Result<Pages> weights =
      Pages::allocate(engine.checkpoint.arena_bytes(storage) + engine.tokenizer_bytes,
                      MemoryUse::model, "the model");
  if (!weights) return weights.error();
  engine.weights = static_cast<Pages&&>(*weights);
  rt::Result<Pages> pages =
      Pages::allocate(rt::max(session, loading), MemoryUse::session, "the story");
  if (!pages) return pages.error();
  engine.session = static_cast<Pages&&>(*pages);
  engine.arena = rt::Arena(engine.session.memory());
  return {};
}

void describe(const Engine& engine, rt::Text path, const Terminal& terminal) {
  const model::Config& c = engine.checkpoint.config;
  rt::print(terminal.console,
            "model     %.*s: llama2.c v%u, dim %u, hidden %u, layers %u, heads %u/%u, vocabulary "
            "%'u, context %'u\n",
            path.length(), path.data, engine.checkpoint.version, c.dim, c.hidden_dim, c.n_layers,
            c.n_heads, c.n_kv_heads, c.vocab_size, c.seq_len);
}

}  // namespace

rt::Result<void> load(Engine& engine, const Options& options, const Terminal& terminal) {
  uefi::Handle devices[kMaxVolumes];
  const rt::Span<const uefi::Handle> volumes{devices, find_volumes({devices, kMaxVolumes})};
  rt::Result<const model::Kernels*> kernels = choose_kernels(options);
  if (!kernels) return kernels.error();
  rt::Result<File> file = open_on_any(volumes, options.model);
  if (!file) return file.error();
  char buffer[256];
  const rt::Text tokenizer_path =
      options.tokenizer.empty() ? beside(options.model, {buffer, sizeof buffer}) : options.tokenizer;
  rt::Result<File> tokenizer_file = open_on_any(volumes, tokenizer_path);
  if (!tokenizer_file) return tokenizer_file.error();

  // The header is judged before any memory is asked for.
  alignas(8) uint8_t header[256];
  FileSource first_bytes(*file, {header, sizeof header});
  rt::Result<model::Checkpoint> checkpoint = model::Checkpoint::open(first_bytes);
  if (!checkpoint) return checkpoint.error();
  engine.checkpoint = *checkpoint;
  describe(engine, options.model, terminal);
  if (rt::Result<void> done = allocate(engine, options, tokenizer_file->size()); !done) return done;

  rt::Arena weights(engine.weights.memory());
  rt::Result<rt::Span<uint8_t>> chunk = engine.arena.make_raw<uint8_t>(kMaxTransfer);
  if (!chunk) return chunk.error();
  FileSource tokenizer_source(*tokenizer_file, *chunk);
  rt::Result<model::Tokenizer> tokenizer = model::Tokenizer::load(
      tokenizer_source, engine.checkpoint.config.vocab_size, weights);
  if (!tokenizer) return tokenizer.error();
  engine.tokenizer = *tokenizer;

  if (rt::Result<void> done = file->seek(0); !done) return done;
  FileSource source(*file, *chunk);
  Progress progress(source, terminal);
  checkpoint = model::Checkpoint::open(progress);
  if (!checkpoint) return checkpoint.error();
  rt::Result<model::Model> model =
      checkpoint->load(progress, {.precision = options.precision}, weights, engine.arena);
  if (!model) return model.error();
  engine.model = *model;
  progress.finish();
  rt::print(terminal.console, "loaded    %.0f MiB/s, reading alone %.0f MiB/s\n", progress.rate(),
            progress.read_rate());

  engine.arena.rewind(0);
  rt::Result<model::Transformer> transformer =
      model::Transformer::create(engine.model, engine.checkpoint.config.seq_len, **kernels,
                                 *engine.workers, engine.arena);
  if (!transformer) return transformer.error();
  engine.transformer = *transformer;
  rt::Result<model::Sampler> sampler =
      model::Sampler::create(engine.checkpoint.config.vocab_size, **kernels, engine.arena);
  if (!sampler) return sampler.error();
  engine.sampler = *sampler;
  return {};
}

}  // namespace boot
