#include "boot/load.hpp"

#include "boot/embedded.hpp"
#include "boot/input.hpp"
#include "boot/integrity.hpp"
#include "boot/progress.hpp"
#include "boot/tune.hpp"

namespace boot {
namespace {

constexpr uint64_t kMaxVolumes = 64;
constexpr rt::Text kDefaultModel = "\\models\\default.bin";

/// Room for encoding prompts that fill the context: tokens of up to eight bytes, and what the
/// encoder keeps per byte.
uint64_t prompt_room(uint32_t context) { return 4096 + uint64_t{context} * 8 * 80; }

/// A model and its tokenizer, found and not read yet.
struct Inputs {
  Input model, tokenizer;
  char sum[64] = {};  // what the model's SHA-256 must be; empty: nobody says
};

/// If NAME.sha256 lies beside the model at `path`, takes over the sum in it. That it is not there
/// must be certain: a sum that cannot be read is an error.
rt::Result<void> find_sum(uefi::Handle device, rt::Text path, Inputs& inputs) {
  char buffer[300];
  rt::Result<platform::File> file = platform::open_on_any(
      {&device, 1}, rt::print_to({buffer, sizeof buffer}, "%pT.sha256", &path));
  if (!file && file.error().code == rt::Errc::not_found) return {};
  if (!file) return file.error();
  uint8_t content[128];
  rt::Result<uint64_t> got = file->read({content, sizeof content});
  if (!got) return got.error();
  rt::Result<rt::Text> sum =
      expected_sum(file->name(), {reinterpret_cast<const char*>(content), *got},
                   {inputs.sum, sizeof inputs.sum});
  if (!sum) return sum.error();
  return {};
}

/// The tokenizer that belongs to the model at `path`: NAME-tokenizer.bin for a model NAME.bin, else
/// tokenizer.bin, in the same folder.
rt::Result<platform::File> tokenizer_beside(uefi::Handle device, rt::Text path) {
  uint64_t folder = path.size, stem = path.size;
  while (folder && path[folder - 1] != '\\' && path[folder - 1] != '/') --folder;
  while (stem > folder && path[stem - 1] != '.') --stem;
  char buffer[300];
  const rt::Span<char> name{buffer, sizeof buffer};
  if (stem > folder) {
    rt::Result<platform::File> own = platform::open_on_any(
        {&device, 1}, rt::print_to(name, "%.*s-tokenizer.bin", int(stem - 1), path.data));
    if (own || own.error().code != rt::Errc::not_found) return own;
  }
  return platform::open_on_any({&device, 1}, rt::print_to(name, "%.*stokenizer.bin", int(folder), path.data));
}

rt::Result<Inputs> find_inputs(const Options& options) {
  if (options.model.empty() && !embedded_model().empty())
    return Inputs{Input("the built-in model", embedded_model()),
                  Input("the built-in tokenizer", embedded_tokenizer())};
  uefi::Handle devices[kMaxVolumes];
  const rt::Span<const uefi::Handle> volumes{devices, platform::find_volumes({devices, kMaxVolumes})};
  const rt::Text path = options.model.empty() ? kDefaultModel : options.model;
  uefi::Handle device = nullptr;
  rt::Result<platform::File> model = platform::open_on_any(volumes, path, &device);
  if (!model) return model.error();
  rt::Result<platform::File> tokenizer = options.tokenizer.empty() ? tokenizer_beside(device, path)
                                                         : platform::open_on_any(volumes, options.tokenizer);
  if (!tokenizer) return tokenizer.error();
  Inputs inputs{Input(static_cast<platform::File&&>(*model)), Input(static_cast<platform::File&&>(*tokenizer))};
  if (rt::Result<void> done = find_sum(device, path, inputs); !done) return done.error();
  return inputs;
}

/// The memory that a model needs, asked of firmware.
rt::Result<void> allocate(Engine& engine, const Options& options, uint64_t tokenizer_file) {
  const model::Config& c = engine.checkpoint.config;
  const model::Storage storage{.precision = options.precision};
  engine.tokenizer_bytes = model::Tokenizer::arena_bytes(tokenizer_file, c.vocab_size);
  const uint64_t session =
      model::Transformer::arena_bytes(c, engine.checkpoint.row_groups(storage), c.seq_len,
                                      engine.processors.crew().most_slices()) +
      model::Sampler::arena_bytes(c.vocab_size) + prompt_room(c.seq_len);
  const uint64_t loading = platform::kMaxTransfer + engine.checkpoint.scratch_bytes();

  rt::Result<platform::Pages> weights =
      platform::Pages::allocate(engine.checkpoint.arena_bytes(storage) + engine.tokenizer_bytes,
                      platform::MemoryUse::model, "the model");
  if (!weights) return weights.error();
  engine.weights = static_cast<platform::Pages&&>(*weights);
  rt::Result<platform::Pages> pages =
      platform::Pages::allocate(rt::max(session, loading), platform::MemoryUse::session, "the story");
  if (!pages) return pages.error();
  engine.session = static_cast<platform::Pages&&>(*pages);
  engine.arena = rt::Arena(engine.session.memory());
  return {};
}

void describe(const Engine& engine, rt::Text name, const Terminal& terminal) {
  const model::Config& c = engine.checkpoint.config;
  rt::print(terminal.console,
            "model     %pT: llama2.c v%u\n          dim %u, hidden %u, %u layers, heads %u/%u, "
            "vocabulary %'u, context %'u\n",
            &name, engine.checkpoint.version, c.dim, c.hidden_dim, c.n_layers,
            c.n_heads, c.n_kv_heads, c.vocab_size, c.seq_len);
}

/// Everything that was asked of firmware, by what it is for.
void report_memory(const Engine& engine, uint64_t weights, const Terminal& terminal) {
  const uint64_t all = platform::memory_count().now, image = platform::memory_count(platform::MemoryUse::image).now;
  const uint64_t cache =
      model::Transformer::cache_bytes(engine.checkpoint.config, engine.transformer.context());
  const uint64_t buffers = all - image - cache - weights - engine.tokenizer_bytes;
  rt::print(terminal.console,
            "memory    %'zu bytes: weights %'zu, KV cache %'zu,\n          tokenizer %'zu, buffers "
            "%'zu, image %'zu\n",
            size_t(all), size_t(weights), size_t(cache), size_t(engine.tokenizer_bytes),
            size_t(buffers), size_t(image));
}

/// Compares what was read with what was expected, if anything was.
rt::Result<void> check_sum(const Inputs& inputs, rt::Text sum, const Options& options,
                           const Terminal& terminal) {
  const rt::Text expected(inputs.sum, sizeof inputs.sum), name = inputs.model.name();
  if (inputs.sum[0] && !(sum == expected))
    return rt::fail(rt::Errc::bad_file, 0,
                    "%pT: damaged: its SHA-256 is %pT, and its .sha256 file says %pT",
                    &name, &sum, &expected);
  if (inputs.sum[0] || options.verify)
    rt::print(terminal.console, "sha256    %pT%s\n", &sum,
              inputs.sum[0] ? ", as expected" : "");
  return {};
}

/// Fills `engine`'s weights from the files. The session's memory is what they are read through.
rt::Result<void> read(Engine& engine, Inputs& inputs, const Options& options,
                      const Terminal& terminal) {
  rt::Arena weights(engine.weights.memory());
  rt::Result<rt::Span<uint8_t>> chunk = engine.arena.make_raw<uint8_t>(platform::kMaxTransfer);
  if (!chunk) return chunk.error();
  rt::Result<model::Tokenizer> tokenizer =
      inputs.tokenizer.read(*chunk, [&](rt::ByteSource& source) {
        return model::Tokenizer::load(source, engine.checkpoint.config.vocab_size, weights);
      });
  if (!tokenizer) return tokenizer.error();
  engine.tokenizer = *tokenizer;

  return inputs.model.read(*chunk, [&](rt::ByteSource& source) -> rt::Result<void> {
    Progress progress(source, terminal);
    Hashing hashing(progress);
    const bool hash = inputs.sum[0] || options.verify;
    rt::ByteSource& bytes = hash ? static_cast<rt::ByteSource&>(hashing) : progress;
    rt::Result<model::Checkpoint> checkpoint = model::Checkpoint::open(bytes);
    if (!checkpoint) return checkpoint.error();
    rt::Result<model::Model> model =
        checkpoint->load(bytes, {.precision = options.precision}, weights, engine.arena);
    if (!model) return model.error();
    engine.model = *model;
    progress.finish();
    rt::print(terminal.console, "loaded    %.0f MiB/s", progress.rate());
    if (!inputs.model.in_memory())
      rt::print(terminal.console, ", reading alone %.0f MiB/s", progress.read_rate());
    terminal.console.write("\n");
    if (!hash) return {};
    return check_sum(inputs, hashing.sum(), options, terminal);
  });
}

/// The kernels, the session's buffers and the processors.
rt::Result<void> make_ready(Engine& engine, const model::Kernels& kernels, const Options& options,
                            const Terminal& terminal) {
  const model::Config& c = engine.checkpoint.config;
  rt::Result<model::Transformer> transformer = model::Transformer::create(
      engine.model, c.seq_len, kernels, engine.processors.crew(), engine.arena);
  if (!transformer) return transformer.error();
  engine.transformer = *transformer;
  rt::Result<model::Sampler> sampler = model::Sampler::create(c.vocab_size, kernels, engine.arena);
  if (!sampler) return sampler.error();
  engine.sampler = *sampler;
  choose_processors(engine, options, terminal);
  return {};
}

}  // namespace

rt::Result<void> load(Engine& engine, const Options& options, const Terminal& terminal) {
  const rt::CpuFeatures features = engine.vectors.enable();
  rt::Result<const model::Kernels*> kernels = named_kernels(options, features);
  if (!kernels) return kernels.error();
  rt::Result<Inputs> inputs = find_inputs(options);
  if (!inputs) return inputs.error();

  // The header is judged before any memory is asked for.
  uint8_t header[256];
  rt::Result<model::Checkpoint> checkpoint =
      inputs->model.read({header, sizeof header}, model::Checkpoint::open);
  if (!checkpoint) return checkpoint.error();
  engine.checkpoint = *checkpoint;
  describe(engine, inputs->model.name(), terminal);
  if (rt::Result<void> done = allocate(engine, options, inputs->tokenizer.size()); !done)
    return done;
  if (rt::Result<void> done = read(engine, *inputs, options, terminal); !done) return done;

  engine.arena.rewind(0);
  if (!*kernels) kernels = fastest_kernels(engine, features, terminal);
  if (!kernels) return kernels.error();
  if (rt::Result<void> done = make_ready(engine, **kernels, options, terminal); !done) return done;
  report_memory(engine, checkpoint->arena_bytes({.precision = options.precision}), terminal);
  return {};
}

}  // namespace boot
