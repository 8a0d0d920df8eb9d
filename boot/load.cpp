#include "boot/load.hpp"

#include "boot/embedded.hpp"
#include "boot/integrity.hpp"
#include "boot/model_source.hpp"
#include "boot/platform/medium.hpp"
#include "boot/progress.hpp"
#include "boot/tune.hpp"

namespace boot {
namespace {

constexpr rt::Text kBuiltIn = "the built-in model";

/// A model and its tokenizer, found and not read yet.
struct Inputs {
  platform::Input model, tokenizer;
  platform::Place place = {};  // of the model
  rt::Text path = {};
  char no_tokenizer[sizeof rt::Error::text] = {};  // why there is none; a model's file may have its own
};

/// The tokenizer that belongs to the model at `path`: NAME-tokenizer.bin for a model NAME.bin, else
/// tokenizer.bin, in the same folder.
rt::Result<platform::Input> tokenizer_beside(platform::Place& place, rt::Text path,
                                             const platform::Patience& patience) {
  uint64_t folder = path.size, stem = path.size;
  while (folder && path[folder - 1] != '\\' && path[folder - 1] != '/') --folder;
  while (stem > folder && path[stem - 1] != '.') --stem;
  char buffer[300];
  const rt::Span<char> name{buffer, sizeof buffer};
  if (stem > folder) {
    rt::Result<platform::Input> own =
        platform::open_input(rt::print_to(name, "%.*s-tokenizer.bin", int(stem - 1), path.data), place, patience);
    if (own || own.error().code != rt::Errc::not_found) return own;
  }
  return platform::open_input(rt::print_to(name, "%.*stokenizer.bin", int(folder), path.data), place, patience);
}

rt::Result<void> find_inputs(const Options& options, const platform::Patience& patience, Inputs& inputs) {
  using platform::Input;
  if (options.model.empty() && !embedded_model().empty()) {
    inputs.model = Input(kBuiltIn, embedded_model());
    inputs.tokenizer = Input("the built-in tokenizer", embedded_tokenizer());
    return {};
  }
  inputs.path = options.model.empty() ? kDefaultModel : options.model;
  rt::Result<Input> model = platform::open_input(inputs.path, inputs.place, patience);
  if (!model) return model.error();
  inputs.model = static_cast<Input&&>(*model);
  platform::Place anywhere;
  rt::Result<Input> tokenizer = options.tokenizer.empty() ? tokenizer_beside(inputs.place, inputs.path, patience)
                                                          : platform::open_input(options.tokenizer, anywhere, patience);
  if (tokenizer)
    inputs.tokenizer = static_cast<Input&&>(*tokenizer);
  else if (tokenizer.error().code == rt::Errc::not_found && options.tokenizer.empty())
    rt::print_to({inputs.no_tokenizer, sizeof inputs.no_tokenizer}, "%s", tokenizer.error().text);
  else
    return tokenizer.error();
  return {};
}

void name_model(const model::Engine& engine, rt::Text name, const Terminal& terminal) {
  rt::print(terminal.console, "model     %pT: %s, %s\n", &name, engine.info().format, engine.info().weights);
}

/// All the memory that the model will need; says so where the context must be shorter for it.
rt::Result<void> reserve(Engine& engine, const Inputs& inputs, bool beside, const Options& options,
                         const Terminal& terminal) {
  const model::EngineOptions wanted{.storage = {.precision = options.precision},
                                    .context = uint32_t(options.context)};
  model::Engine& model = engine.model;
  const rt::Result<void> done = model.reserve(wanted, inputs.tokenizer.size(), engine.processors.crew());
  if (!done) return done;
  const uint32_t own = model.info().config.seq_len, context = model.context();
  if (context < model.wanted_context() && beside)
    return rt::fail(rt::Errc::out_of_memory, 0, "there is no memory for a second model");
  if (context < model.wanted_context())
    rt::print(terminal.console, "note: memory is short: the context is %'u tokens, not %'u\n", context,
              model.wanted_context());
  else if (options.context > own)
    rt::print(terminal.console, "note: this model's context is %'u tokens, not %'llu\n", own,
              static_cast<unsigned long long>(options.context));
  return {};
}

/// The tokenizer, in small pieces: a large one lies in memory already, of the model's file.
rt::Result<void> read_tokenizer(Engine& engine, Inputs& inputs, const Terminal& terminal) {
  constexpr uint64_t kPiece = 64 * 1024;
  if (inputs.no_tokenizer[0]) return rt::fail(rt::Errc::not_found, 0, "%s", inputs.no_tokenizer);
  rt::Result<rt::Span<uint8_t>> buffer = engine.model.buffer(kPiece);
  if (!buffer) return buffer.error();
  return inputs.tokenizer.read(*buffer, [&](rt::ByteSource& source) -> rt::Result<void> {
    Progress progress(source, terminal);
    const rt::Result<void> done = engine.model.read_tokenizer(progress);
    if (done) progress.end();
    return done;
  });
}

/// Reads the files, each once and from front to back: what the model's head says, then all the memory
/// that is needed, the tokenizer, the weights.
rt::Result<void> read(Engine& engine, Inputs& inputs, bool beside, const Options& options, const Terminal& terminal) {
  rt::Result<rt::Span<uint8_t>> buffer = engine.model.buffer(platform::kMaxTransfer);
  if (!buffer) return buffer.error();
  const auto use = [&](rt::ByteSource& source) -> rt::Result<void> {
    Verified verified(source, inputs.place, inputs.path, options.verify, terminal);
    if (rt::Result<void> done = verified.begin(); !done) return done;
    Progress progress(verified, terminal);
    progress.hold();
    if (rt::Result<void> done = engine.model.open(progress); !done) return done;
    name_model(engine.model, inputs.model.name(), terminal);
    if (!inputs.model.in_memory() && !embedded_model().empty())
      terminal.console.write("note: a signature of this program does not cover this model, which is a file\n");
    if (rt::Result<void> done = reserve(engine, inputs, beside, options, terminal); !done) return done;
    if (engine.model.needs_tokenizer())
      if (rt::Result<void> done = read_tokenizer(engine, inputs, terminal); !done) return done;
    progress.start();
    if (rt::Result<void> done = engine.model.read_weights(); !done) return done;
    progress.end();
    rt::print(terminal.console, "loaded    %.0f MiB/s", progress.rate());
    if (!inputs.model.in_memory())
      rt::print(terminal.console, ", reading alone %.0f MiB/s", progress.read_rate());
    terminal.console.write("\n");
    return verified.finish();
  };
  if (inputs.model.in_memory()) return inputs.model.read(*buffer, use);
  const platform::Patience patience{terminal.clock, terminal.keyboard};
  ModelSource source(inputs.model, inputs.place, inputs.path, patience, *buffer);
  return use(source);
}

void report_memory(const model::Engine& engine, const Terminal& terminal) {
  const uint64_t all = platform::memory_count().now, image = platform::memory_count(platform::MemoryUse::image).now;
  const uint64_t weights = engine.weight_bytes(), cache = engine.cache_bytes(), tokenizer = engine.tokenizer_bytes();
  rt::print(terminal.console,
            "memory    %'zu bytes: weights %'zu, KV cache %'zu,\n          tokenizer %'zu, buffers "
            "%'zu, image %'zu\n",
            size_t(all), size_t(weights), size_t(cache), size_t(tokenizer),
            size_t(all - image - cache - weights - tokenizer), size_t(image));
}

}  // namespace

rt::Result<void> load(Engine& engine, rt::CpuFeatures features, bool beside, const Options& options,
                      const Terminal& terminal) {
  rt::Result<const model::Kernels*> kernels = named_kernels(options, features);
  if (!kernels) return kernels.error();
  Inputs inputs;
  if (rt::Result<void> done = find_inputs(options, {terminal.clock, terminal.keyboard}, inputs); !done) return done;
  if (rt::Result<void> done = read(engine, inputs, beside, options, terminal); !done) return done;
  if (!*kernels) kernels = fastest_kernels(engine, features, terminal);
  if (!kernels) return kernels.error();
  if (rt::Result<void> done = engine.model.start(**kernels, engine.processors.crew()); !done) return done;
  choose_processors(engine, options, terminal);
  return {};
}

void print_model(const Engine& engine, const Options& options, const Terminal& terminal) {
  const rt::Text own = embedded_model().empty() ? kDefaultModel : kBuiltIn;
  name_model(engine.model, options.model.empty() ? own : options.model, terminal);
  const model::Config& c = engine.model.info().config;
  rt::print(terminal.console,
            "          dim %u, hidden %u, %u layers, heads %u/%u, vocabulary %'u,\n          context %'u of %'u\n",
            c.dim, c.hidden_dim, c.n_layers, c.n_heads, c.n_kv_heads, c.vocab_size, engine.model.context(), c.seq_len);
  report_memory(engine.model, terminal);
}

}  // namespace boot
