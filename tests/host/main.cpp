// llama: the engine of llama.efi as a program for this machine, with llama2.c's command line. For
// tests, for benchmarks, and for trying a model before carrying it to a machine.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/kernels/select.hpp"
#include "rt/parse.hpp"
#include "tests/host/cpu.hpp"
#include "tests/host/engine.hpp"
#include "tests/host/file_source.hpp"
#include "tests/host/threads.hpp"

namespace {

constexpr const char* kUsage = R"(usage: llama MODEL [options]
  -z FILE           tokenizer (tokenizer.bin beside the model, or in this folder)
  -t T              temperature, 0 to 10; 0 takes the likeliest token always (0.8)
  -p P              top-p, 0 to 1; 0 or 1 switch it off (0.9)
  -s SEED           seed of the random numbers (the time)
  -n STEPS          tokens, the prompt's included; 0: to the end of the context (256)
  -i TEXT           prompt
  --precision P     f32 or q8: how float32 weights are kept (q8)
  --group-size N    columns that share a scale when float32 becomes int8
  --context N       tokens that the model looks back on (its own, up to 4,096)
  --ids             print the token ids after the first BOS instead of the text
  --threads N       cores to use (1)
  --kernel NAME     a set of --list-kernels instead of the fastest
  --list-kernels    print the kernels that this machine can run, and end
  --perplexity FILE bits per byte on stories that are separated by a line <|endoftext|>
)";

struct Options {
  std::string model, tokenizer, prompt, perplexity, kernel;
  model::Sampling sampling;
  uint32_t steps = 256, threads = 1, context = 0;
  model::Storage storage;
  bool ids = false, list_kernels = false;
};

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

double number(const std::string& flag, const std::string& text, double least, double most) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end || !(value >= least && value <= most))
    throw UsageError(flag + " wants a number from " + std::to_string(least) + " to " +
                     std::to_string(most) + ", not '" + text + "'");
  return value;
}

uint64_t whole(const std::string& flag, const std::string& text, uint64_t most) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const unsigned long long value = digits && text.size() < 20 ? std::stoull(text) : most;
  if (!digits || value > most || text.size() >= 20)
    throw UsageError(flag + " wants a whole number up to " + std::to_string(most) + ", not '" +
                     text + "'");
  return value;
}

model::Precision precision(const std::string& text) {
  if (text == "f32") return model::Precision::f32;
  if (text == "q8") return model::Precision::q8;
  throw UsageError("--precision wants f32 or q8, not '" + text + "'");
}

Options parse(const std::vector<std::string>& arguments) {
  Options o;
  o.sampling.seed = static_cast<uint64_t>(std::time(nullptr));
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& flag = arguments[i];
    if (flag == "--ids") {
      o.ids = true;
    } else if (flag == "--list-kernels") {
      o.list_kernels = true;
    } else if (flag[0] != '-') {
      if (!o.model.empty()) throw UsageError("one model, not also '" + flag + "'");
      o.model = flag;
    } else {
      if (i + 1 == arguments.size()) throw UsageError(flag + " wants a value");
      const std::string& value = arguments[++i];
      if (flag == "-z") o.tokenizer = value;
      else if (flag == "-t") o.sampling.temperature = float(number(flag, value, 0, 10));
      else if (flag == "-p") o.sampling.topp = float(number(flag, value, 0, 1));
      else if (flag == "-s") o.sampling.seed = whole(flag, value, UINT64_MAX);
      else if (flag == "-n") o.steps = uint32_t(whole(flag, value, UINT32_MAX));
      else if (flag == "-i") o.prompt = value;
      else if (flag == "--precision") o.storage.precision = precision(value);
      else if (flag == "--group-size") o.storage.group_size = uint32_t(whole(flag, value, 65536));
      else if (flag == "--context") o.context = uint32_t(whole(flag, value, 1 << 20));
      else if (flag == "--threads") o.threads = uint32_t(whole(flag, value, rt::Crew::kMostMembers));
      else if (flag == "--kernel") o.kernel = value;
      else if (flag == "--perplexity") o.perplexity = value;
      else throw UsageError("no option '" + flag + "'");
    }
  }
  if (o.threads == 0) throw UsageError("--threads wants at least 1");
  if (o.storage.group_size == 0) throw UsageError("--group-size wants at least 1");
  if (o.model.empty() && !o.list_kernels) throw UsageError("which model?");
  return o;
}

const model::Kernels& choose_kernels(const std::string& name) {
  if (name.empty()) {
    for (const model::Kernels* kernels : model::all_kernels())
      if (model::usable(*kernels, test::cpu_features())) return *kernels;
  }
  const model::Kernels* kernels = model::find_kernels({name.data(), name.size()});
  if (!kernels) throw UsageError("no kernel '" + name + "'; --list-kernels tells which there are");
  if (!model::usable(*kernels, test::cpu_features()))
    throw UsageError("this machine cannot run the kernel '" + name + "'");
  return *kernels;
}

std::string find_tokenizer(const Options& o) {
  if (!o.tokenizer.empty()) return o.tokenizer;
  const size_t slash = o.model.rfind('/');
  if (slash != std::string::npos) {
    const std::string beside = o.model.substr(0, slash + 1) + "tokenizer.bin";
    if (std::ifstream(beside)) return beside;
  }
  return "tokenizer.bin";
}

/// Prints the story; the figures go to stderr, so that stdout holds only the text.
void tell(const Options& o, test::Engine& engine) {
  using Clock = std::chrono::steady_clock;
  engine.sampler().set(o.sampling);
  if (auto begun = engine.session->begin({o.prompt.data(), o.prompt.size()}, o.steps,
                                         engine.session_arena());
      !begun)
    throw std::runtime_error(begun.error().text);
  uint32_t drawn = 0;
  Clock::time_point first;
  for (;;) {
    const model::Session::Event event = engine.session->advance();
    if (event == model::Session::Event::end) break;
    if (event == model::Session::Event::busy) continue;
    if (engine.session->position() > engine.session->prompt_tokens() && drawn++ == 0)
      first = Clock::now();
    if (o.ids) {
      std::printf(engine.session->position() == 1 ? "%u" : " %u", engine.session->token());
    } else {
      const rt::Text text = engine.session->text();
      std::fwrite(text.data, 1, text.size, stdout);
    }
    std::fflush(stdout);
  }
  if (o.ids && engine.session->ended_itself()) std::printf(" %u", engine.session->last_drawn());
  std::printf("\n");
  const double seconds = std::chrono::duration<double>(Clock::now() - first).count();
  if (drawn > 1) std::fprintf(stderr, "%.1f tokens/s\n", (drawn - 1) / seconds);
}

/// -log2 of the probability that the logits give to `token`.
double surprise(rt::Span<const float> logits, model::Token token) {
  double largest = logits[0], sum = 0;
  for (float logit : logits) largest = std::max(largest, double(logit));
  for (float logit : logits) sum += std::exp(logit - largest);
  return (std::log(sum) - (logits[token] - largest)) / std::log(2.0);
}

/// Bits per byte: each story on its own, cut at the context; bits of every token after BOS over
/// the bytes of those tokens.
void perplexity(const Options& o, test::Engine& engine) {
  std::ifstream file(o.perplexity, std::ios::binary);
  if (!file) throw std::runtime_error(o.perplexity + ": cannot be read");
  const std::string all((std::istreambuf_iterator<char>(file)), {});
  const std::string separator = "<|endoftext|>";
  double bits = 0;
  uint64_t bytes = 0, tokens = 0, stories = 0;
  for (size_t from = 0; from < all.size();) {
    size_t to = all.find(separator, from);
    if (to == std::string::npos) to = all.size();
    const rt::Text story = rt::trim({all.data() + from, to - from});
    from = to + separator.size();
    if (story.empty()) continue;
    rt::Arena& arena = engine.session_arena();
    const rt::Arena::Mark mark = arena.mark();
    auto encoded = engine.tokenizer().encode(story, arena);
    if (!encoded) throw std::runtime_error(encoded.error().text);
    const uint64_t n = std::min<uint64_t>(encoded->count, engine.transformer().context());
    for (uint64_t i = 0; i + 1 < n; ++i) {
      const model::Token token = (*encoded)[i + 1];
      bits += surprise(engine.transformer().forward(encoded->part(i, 1), uint32_t(i)), token);
      bytes += engine.tokenizer().decode((*encoded)[i], token).size;
    }
    tokens += n - 1;
    ++stories;
    arena.rewind(mark);
  }
  std::printf("%.4f bits per byte (%llu stories, %llu tokens, %llu bytes)\n", bits / double(bytes),
              (unsigned long long)stories, (unsigned long long)tokens, (unsigned long long)bytes);
}

int run(const Options& o) {
  if (o.list_kernels) {
    for (const model::Kernels* kernels : model::all_kernels())
      if (model::usable(*kernels, test::cpu_features())) std::printf("%s\n", kernels->name);
    return 0;
  }
  test::FileSource source(o.model), tokenizer(find_tokenizer(o));
  test::Threads threads(o.threads);
  test::Engine engine(source, &tokenizer, {.storage = o.storage, .context = o.context}, choose_kernels(o.kernel),
                      threads.crew);
  o.perplexity.empty() ? tell(o, engine) : perplexity(o, engine);
  return 0;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run(parse({values + 1, values + count}));
  } catch (const UsageError& error) {
    std::fprintf(stderr, "llama: %s\n%s", error.what(), kUsage);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "llama: %s\n", error.what());
    return 1;
  }
}
