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

/// The kernel set that the user named, or null where the fastest is wanted.
rt::Result<const model::Kernels*> named_kernels(const Options& options, uint32_t features) {
  const rt::Text name = options.kernel;
  if (name.empty()) return nullptr;
  const model::Kernels* kernels = model::find_kernels(name);
  if (!kernels)
    return rt::fail(rt::Errc::usage, 0, "there is no kernel '%.*s'", name.length(), name.data);
  if (!model::usable(*kernels, features))
    return rt::fail(rt::Errc::unsupported, 0, "this processor cannot run the kernel '%.*s'",
                    name.length(), name.data);
  return kernels;
}

/// Times the kernels on the model itself, and says so.
rt::Result<const model::Kernels*> fastest_kernels(Engine& engine, uint32_t features,
                                                  const Terminal& terminal) {
  model::Timing timings[model::kKernelSets];
  rt::Result<rt::Span<model::Timing>> measured = model::measure_kernels(
      engine.model.layers[0].w1, features, Clock::ticks, terminal.clock.milliseconds_to_ticks(1),
      timings, engine.arena);
  if (!measured) return measured.error();
  const model::Matrix& sample = engine.model.layers[0].w1;
  const double weights = double(sample.rows) * sample.cols;
  rt::print(terminal.console, "kernel    %s, %.2f billion weights/s", timings[0].kernels->name,
            weights / terminal.clock.seconds(timings[0].ticks) / 1e9);
  for (const model::Timing& other : measured->from(1))
    rt::print(terminal.console, "%s %.1f x %s", &other == timings + 1 ? ";" : ",",
              double(other.ticks) / double(timings[0].ticks), other.kernels->name);
  terminal.console.write("\n");
  return timings[0].kernels;
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
                                      engine.processors.crew().most_parts()) +
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

/// Seconds that one token takes with so many processors, at best.
double token_seconds(Engine& engine, uint32_t processors, const Clock& clock) {
  constexpr uint32_t kRuns = 3;
  engine.processors.crew().set_members(processors);
  uint64_t best = ~uint64_t{0};
  for (uint32_t i = 0; i < kRuns; ++i) {
    const uint64_t start = Clock::ticks();
    (void)engine.transformer.forward({&model::kBos, 1}, 0);
    best = rt::min(best, Clock::ticks() - start);
  }
  return clock.seconds(best);
}

/// More processors are not always faster: small models lose more by waiting than they gain. Tries
/// 1, 2, 4, ... and all of them on the model itself, keeps the best number and says so.
void choose_processors(Engine& engine, const Options& options, const Terminal& terminal) {
  model::Crew& crew = engine.processors.crew();
  const uint32_t most = crew.capacity();
  if (most == 1) return;
  start_processors(engine, terminal);
  uint32_t best = most;
  double fastest = 0;
  rt::print(terminal.console, "cores     ");
  for (uint32_t n = options.threads ? most : 1; ; n = rt::min(n * 2, most)) {
    const double seconds = token_seconds(engine, n, terminal.clock);
    rt::print(terminal.console, "%s%u: %.2f ms a token", n == 1 || options.threads ? "" : ", ", n,
              seconds * 1000);
    if (fastest == 0 || seconds < fastest) fastest = seconds, best = n;
    if (n == most) break;
  }
  rt::print(terminal.console, "; using %u\n", best);
  crew.set_members(best);
  if (best < most) engine.processors.stop();  // who does not work must not spin
  start_processors(engine, terminal);
}

/// Everything that was asked of firmware, by what it is for.
void report_memory(const Engine& engine, uint64_t weights, const Terminal& terminal) {
  const uint64_t all = memory_count().peak, image = memory_count(MemoryUse::image).now;
  const uint64_t cache =
      model::Transformer::cache_bytes(engine.checkpoint.config, engine.transformer.context());
  const uint64_t buffers = all - image - cache - weights - engine.tokenizer_bytes;
  rt::print(terminal.console,
            "memory    %'zu bytes: weights %'zu, KV cache %'zu, tokenizer %'zu, buffers %'zu, image %'zu\n",
            size_t(all), size_t(weights), size_t(cache), size_t(engine.tokenizer_bytes),
            size_t(buffers), size_t(image));
}

}  // namespace

void start_processors(Engine& engine, const Terminal& terminal) {
  if (rt::Result<void> done = engine.processors.start(); !done)
    rt::print(terminal.console, "note: %s\n", done.error().text);
}

rt::Result<void> load(Engine& engine, const Options& options, const Terminal& terminal) {
  uefi::Handle devices[kMaxVolumes];
  const rt::Span<const uefi::Handle> volumes{devices, find_volumes({devices, kMaxVolumes})};
  const uint32_t features = engine.vectors.enable();
  rt::Result<const model::Kernels*> kernels = named_kernels(options, features);
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
  if (!*kernels) kernels = fastest_kernels(engine, features, terminal);
  if (!kernels) return kernels.error();
  rt::Result<model::Transformer> transformer =
      model::Transformer::create(engine.model, engine.checkpoint.config.seq_len, **kernels,
                                 engine.processors.crew(), engine.arena);
  if (!transformer) return transformer.error();
  engine.transformer = *transformer;
  rt::Result<model::Sampler> sampler =
      model::Sampler::create(engine.checkpoint.config.vocab_size, **kernels, engine.arena);
  if (!sampler) return sampler.error();
  engine.sampler = *sampler;
  choose_processors(engine, options, terminal);
  report_memory(engine, checkpoint->arena_bytes({.precision = options.precision}), terminal);
  return {};
}

}  // namespace boot
