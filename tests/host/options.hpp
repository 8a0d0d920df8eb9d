#pragma once
#include <stdexcept>
#include <string>

#include "boot/option_sources.hpp"

namespace test {

/// A wrong command line: one sentence.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What only the host program has, beside the options of llama.efi.
struct HostOptions {
  rt::Text perplexity, file, ids_from, logits, tokenize, conversation;  // files
  uint64_t top;
  uint64_t group_size;
  bool chat, special, list_kernels;

  struct Rooms {
    char perplexity[1024], file[1024], ids_from[1024], logits[1024], tokenize[1024], conversation[1024];
  } rooms;
};

/// The host program's options: those of llama.efi that mean something here, and its own.
struct CommandLine {
  /// Reads the words after the program's name. Throws UsageError.
  CommandLine(int count, char** words);

  boot::Options options;
  HostOptions host;
};

/// Prints what `--help` shows.
void print_help();

inline std::string string(rt::Text text) { return {text.data, text.size}; }

}  // namespace test
