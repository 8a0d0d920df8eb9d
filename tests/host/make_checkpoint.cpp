// make-checkpoint: writes models and tokenizers with made-up contents, for tests and benchmarks.
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "tests/host/made_chat_model.hpp"
#include "tests/host/made_checkpoint.hpp"
#include "tests/host/vocabulary.hpp"

namespace {

constexpr const char* kUsage = R"(usage: make-checkpoint SHAPE OUT [options]
  SHAPE                   tiny, gqa, odd, 15M, 42M or 110M; or tokenizer:N for a tokenizer of N tokens; or
                          chat for a GGUF file of a model that chats
  --version 0|1|2         of the file (0)
  --group-size N          version 2: weights that share a scale (64)
  --seed N                of the weights (1)
  --separate-classifier   do not share the embedding
)";

struct UsageError {};

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) throw UsageError();
  std::ofstream out(arguments[1], std::ios::binary);
  const std::string prefix = "tokenizer:";
  if (arguments[0].rfind(prefix, 0) == 0) {
    const auto bytes = test::made_tokenizer(uint32_t(std::stoul(arguments[0].substr(prefix.size()))));
    out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  } else if (arguments[0] == "chat") {
    const auto bytes = test::MadeChatModel().bytes();
    out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  } else {
    test::MadeCheckpoint checkpoint{.config = test::shape(arguments[0])};
    for (size_t i = 2; i < arguments.size(); ++i) {
      const auto number = [&] {
        if (++i == arguments.size()) throw UsageError();
        return uint32_t(std::stoul(arguments[i]));
      };
      if (arguments[i] == "--separate-classifier") checkpoint.shared_classifier = false;
      else if (arguments[i] == "--version") checkpoint.version = int(number());
      else if (arguments[i] == "--group-size") checkpoint.group_size = number();
      else if (arguments[i] == "--seed") checkpoint.seed = number();
      else throw UsageError();
    }
    checkpoint.write(out);
  }
  out.close();
  if (!out) std::fprintf(stderr, "make-checkpoint: %s cannot be written\n", arguments[1].c_str());
  return out ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run({values + 1, values + count});
  } catch (const UsageError&) {
    std::fprintf(stderr, "%s", kUsage);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make-checkpoint: %s\n%s", error.what(), kUsage);
    return 2;
  }
}
