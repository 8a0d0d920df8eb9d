#include "tests/host/options.hpp"

#include <cstdio>
#include <ctime>

namespace test {
namespace {

using boot::Option;
using Kind = Option::Kind;
using Effect = Option::Effect;

constexpr uint32_t kRoom = sizeof(HostOptions::Rooms::file);

constexpr Option kHostOptions[] = {
    {"chat", 0, Kind::choice, Effect::never, offsetof(HostOptions, chat), 0, 0, "off|on", "off",
     "answer the lines of the input"},
    {"conversation", 0, Kind::text, Effect::never, offsetof(HostOptions, conversation),
     offsetof(HostOptions, rooms.conversation), kRoom, "FILE", "", "answer a saved conversation; --ids: its ids"},
    {"tokenize", 0, Kind::text, Effect::never, offsetof(HostOptions, tokenize), offsetof(HostOptions, rooms.tokenize),
     kRoom, "FILE", "", "print the ids of a text"},
    {"special", 0, Kind::choice, Effect::never, offsetof(HostOptions, special), 0, 0, "off|on", "off",
     "with --tokenize: special tokens too"},
    {"perplexity", 0, Kind::text, Effect::never, offsetof(HostOptions, perplexity),
     offsetof(HostOptions, rooms.perplexity), kRoom, "FILE", "", "bits per byte of stories parted by <|endoftext|>"},
    {"top", 0, Kind::whole, Effect::never, offsetof(HostOptions, top), 0, 1 << 20, "K", "0",
     "after each token: id, logsumexp, K best"},
    {"file", 0, Kind::text, Effect::never, offsetof(HostOptions, file), offsetof(HostOptions, rooms.file), kRoom, "FILE",
     "", "the text for --top; else the prompt"},
    {"ids-from", 0, Kind::text, Effect::never, offsetof(HostOptions, ids_from), offsetof(HostOptions, rooms.ids_from),
     kRoom, "FILE", "", "token ids as they are, for --top and --logits"},
    {"logits", 0, Kind::text, Effect::never, offsetof(HostOptions, logits), offsetof(HostOptions, rooms.logits), kRoom,
     "FILE", "", "write the logits after each token"},
    {"group-size", 0, Kind::whole, Effect::never, offsetof(HostOptions, group_size), 0, 65536, "N", "384",
     "columns that share a scale in int8"},
    {"list-kernels", 0, Kind::choice, Effect::never, offsetof(HostOptions, list_kernels), 0, 0, "off|on", "off",
     "the kernels that this machine can run"},
};

boot::OptionSet own_options(HostOptions& host) {
  return {{kHostOptions, sizeof kHostOptions / sizeof kHostOptions[0]}, &host};
}

struct Output final : rt::Sink {
  void write(rt::Text text) override { std::fwrite(text.data, 1, text.size, stdout); }
};

[[noreturn]] void refuse(const rt::Error& error) { throw UsageError(error.text); }

}  // namespace

CommandLine::CommandLine(int count, char** words) {
  const boot::OptionSet sets[] = {boot::portable_options(options), own_options(host)};
  sets[1].reset();
  boot::Arguments arguments({sets, 2});
  for (int i = 0; i < count; ++i) {
    auto taken = arguments.take(words[i]);
    if (!taken) refuse(taken.error());
    if (*taken) continue;
    if (!options.model.empty()) throw UsageError("one model, not also '" + std::string(words[i]) + "'");
    if (auto done = sets[0].set(*sets[0].find("model"), words[i]); !done) refuse(done.error());
  }
  if (auto done = arguments.end(); !done) refuse(done.error());
  if (options.threads == 0) options.threads = 1;
  if (options.seed == 0) options.seed = static_cast<uint64_t>(std::time(nullptr));
  if (host.group_size == 0) throw UsageError("group-size wants a whole number from 1 on");
  if (options.model.empty() && !options.help && !options.version && !host.list_kernels)
    throw UsageError("which model? llama MODEL; --help tells the options");
}

void print_help() {
  Output out;
  boot::Options options;
  HostOptions host;
  boot::print_help(out, "llama MODEL [options]", boot::portable_options(options));
  boot::print_options(out, own_options(host));
}

}  // namespace test
