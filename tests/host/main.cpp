// llama: the engine of llama.efi as a program for this machine, with llama2.c's command line. For
// tests, for benchmarks, and for trying a model before carrying it to a machine.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>

#include "boot/version.hpp"
#include "model/kernels/select.hpp"
#include "rt/parse.hpp"
#include "tests/host/chat.hpp"
#include "tests/host/cpu.hpp"
#include "tests/host/engine.hpp"
#include "tests/host/file_source.hpp"
#include "tests/host/ids.hpp"
#include "tests/host/logits.hpp"
#include "tests/host/options.hpp"
#include "tests/host/threads.hpp"

namespace {

const model::Kernels& choose_kernels(const std::string& name) {
  if (name.empty()) {
    for (const model::Kernels* kernels : model::all_kernels())
      if (model::usable(*kernels, test::cpu_features())) return *kernels;
  }
  const model::Kernels* kernels = model::find_kernels({name.data(), name.size()});
  if (!kernels) throw test::UsageError("no kernel '" + name + "'; --list-kernels tells which there are");
  if (!model::usable(*kernels, test::cpu_features()))
    throw test::UsageError("this machine cannot run the kernel '" + name + "'");
  return *kernels;
}

/// NAME-tokenizer.bin for a model NAME.bin, else tokenizer.bin beside it, else here.
std::string find_tokenizer(const boot::Options& o) {
  if (!o.tokenizer.empty()) return test::string(o.tokenizer);
  const std::filesystem::path model = test::string(o.model);
  for (const std::string& name : {model.stem().string() + "-tokenizer.bin", std::string("tokenizer.bin")})
    if (const auto beside = model.parent_path() / name; std::filesystem::exists(beside)) return beside.string();
  return "tokenizer.bin";
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Prints the story; the figures go to stderr, so that stdout holds only the text.
void tell(const boot::Options& o, test::Engine& engine) {
  using Clock = std::chrono::steady_clock;
  engine.sampler().set(o.sampling());
  const std::string file = o.prompt_file.empty() ? "" : read_file(test::string(o.prompt_file));
  const rt::Text prompt = o.prompt_file.empty() ? o.prompt : rt::trim({file.data(), file.size()});
  test::need(engine.session->begin(prompt, uint32_t(o.steps), engine.session_arena()));
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
void perplexity(const std::string& all, test::Engine& engine) {
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

/// The ids of --ids-from; else those of a text.
std::vector<model::Token> tokens_of(const test::CommandLine& line, test::Engine& engine) {
  if (!line.host.ids_from.empty()) return test::read_ids(read_file(test::string(line.host.ids_from)));
  const std::string text =
      line.host.file.empty() ? test::string(line.options.prompt) : read_file(test::string(line.host.file));
  const rt::Span<model::Token> tokens =
      test::need(engine.tokenizer().encode({text.data(), text.size()}, engine.session_arena()));
  return {tokens.begin(), tokens.end()};
}

/// Prints the ids of a text, without BOS. Weights are not needed for that.
void tokenize(const std::string& text, bool special, rt::ByteSource& source, rt::ByteSource* tokenizer) {
  test::HostPages pages;
  model::Engine engine(pages, pages);
  test::need(engine.open(source));
  if (tokenizer && engine.needs_tokenizer()) test::need(engine.read_tokenizer(*tokenizer));
  if (engine.needs_tokenizer()) throw std::runtime_error("this model needs a tokenizer's file beside it");
  const model::TextPart part = {{text.data(), text.size()}, special};
  test::print_ids(test::need(engine.tokenizer().encode({&part, 1}, engine.arena())));
}

int run(const test::CommandLine& line) {
  const boot::Options& o = line.options;
  if (o.help) {
    test::print_help();
    return 0;
  }
  if (o.version) {
    std::printf("llama %s\n", boot::kVersion);
    return 0;
  }
  if (line.host.list_kernels) {
    for (const model::Kernels* kernels : model::all_kernels())
      if (model::usable(*kernels, test::cpu_features())) std::printf("%s\n", kernels->name);
    return 0;
  }
  test::FileSource source(test::string(o.model));
  std::optional<test::FileSource> tokenizer;
  const std::string tokenizer_file = find_tokenizer(o);
  if (std::filesystem::exists(tokenizer_file)) tokenizer.emplace(tokenizer_file);
  const auto read = [](rt::Text path) { return read_file(test::string(path)); };
  if (!line.host.tokenize.empty()) {
    tokenize(read(line.host.tokenize), line.host.special, source, tokenizer ? &*tokenizer : nullptr);
    return 0;
  }
  test::Threads threads(uint32_t(o.threads));
  const model::Storage storage{.precision = o.precision, .group_size = uint32_t(line.host.group_size)};
  test::Engine engine(source, tokenizer ? &*tokenizer : nullptr, {.storage = storage, .context = uint32_t(o.context)},
                      choose_kernels(test::string(o.kernel)), threads.crew);
  if (!engine.session && line.host.ids_from.empty()) throw std::runtime_error(tokenizer_file + ": there is no such file");
  if (!line.host.logits.empty()) test::write_logits(engine, tokens_of(line, engine), test::string(line.host.logits));
  if (line.host.top) test::print_top(engine, tokens_of(line, engine), uint32_t(line.host.top));
  if (!line.host.logits.empty() || line.host.top) return 0;
  if (!line.host.conversation.empty())
    test::answer_file(test::string(line.host.conversation), read(line.host.conversation), o, engine);
  else if (line.host.chat) test::chat(std::cin, o, engine);
  else if (!line.host.perplexity.empty()) perplexity(read(line.host.perplexity), engine);
  else tell(o, engine);
  return 0;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run(test::CommandLine(count - 1, values + 1));
  } catch (const test::UsageError& error) {
    std::fprintf(stderr, "llama: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "llama: %s\n", error.what());
    return 1;
  }
}
