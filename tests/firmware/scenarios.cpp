#include "tests/firmware/scenarios.hpp"

#include <regex>
#include <sstream>

#include "rt/sha256.hpp"
#include "tests/host/made_chat_model.hpp"
#include "tests/host/made_checkpoint.hpp"
#include "tests/host/vocabulary.hpp"

namespace test {
namespace {

constexpr const char* kConfig =
    "prompt = ab\ntemperature = 0.8\nseed = 7\nsteps = 12\nids = on\non_finish = exit\n";
constexpr const char* kOptions = "llama.efi -i ab -t 0.8 -s 7 -n 12 --ids --on_finish exit";

/// As small as a model can be that has a part of everything.
Bytes model(uint32_t seed, int version) {
  MadeCheckpoint made;
  made.config = {.dim = 32, .hidden_dim = 48, .n_layers = 2, .n_heads = 2, .n_kv_heads = 1,
                 .vocab_size = 300, .seq_len = 24};
  made.seed = seed;
  made.version = version;
  made.group_size = 16;
  return made.bytes();
}

}  // namespace

Bytes to_bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::string sha256(const Bytes& bytes) {
  rt::Sha256 hash;
  hash.update({bytes.data(), bytes.size()});
  char digits[65];
  const rt::Text text = rt::to_hex(hash.finish(), digits);
  return {text.data, text.size};
}

FakeMachine one_story() {
  static const Bytes kModel = model(1, 2), kTokenizer = made_tokenizer(300);
  FakeMachine machine;
  machine.files = {{"\\EFI\\BOOT\\BOOTX64.EFI", {}},
                   {"\\EFI\\BOOT\\llama.cfg", to_bytes(kConfig)},
                   {"\\models\\default.bin", kModel},
                   {"\\models\\default-tokenizer.bin", kTokenizer},
                   {"\\models\\tokenizer.bin", kTokenizer}};
  machine.options = kOptions;
  return machine;
}

FakeMachine one_story_on_all_processors() {
  static const Bytes kModel = model(2, 0);
  static const std::string kSum = sha256(kModel) + "  default.bin\n";
  FakeMachine machine = one_story();
  machine.files["\\models\\default.bin"] = kModel;
  machine.files["\\models\\default.bin.sha256"] = to_bytes(kSum);
  machine.files["\\EFI\\BOOT\\llama.cfg"] = to_bytes(std::string(kConfig) + "threads = 3\n");
  machine.options += " --threads 3";
  machine.processors = 3;
  machine.serial_line = false;  // so there is a status line
  machine.look_milliseconds = 200;
  return machine;
}

FakeMachine conversation() {
  static const Bytes kOther = model(3, 1);
  FakeMachine machine = one_story();
  machine.files["\\models\\other.bin"] = kOther;
  machine.files["\\EFI\\BOOT\\llama.cfg"] = to_bytes("prompt = ab\ntemperature = 0.8\nseed = 7\nsteps = 8\n");
  machine.options = "llama.efi -i ab -t 0.8 -s 7 -n 8";
  machine.typed = {"abc", "/stats", "/save \\story.txt", "/model", "/set show confidence", "",
                   "/model other", "/seed 3", "", "/nonsense", "/quit"};
  return machine;
}

FakeMachine chat() {
  static const Bytes kModel = MadeChatModel{}.bytes();
  FakeMachine machine;
  machine.files = {{"\\EFI\\BOOT\\BOOTX64.EFI", {}},
                   {"\\EFI\\BOOT\\llama.cfg", to_bytes("model = \\models\\chat.gguf\ntemperature = 0.8\nseed = 7\nsteps = 6\n")},
                   {"\\models\\chat.gguf", kModel}};
  machine.options = "llama.efi -m \\models\\chat.gguf -t 0.8 -s 7 -n 6";
  machine.typed = {"hello", "/save \\chat.txt", "and now?", "/load \\chat.txt", "/retry", "/quit"};
  return machine;
}

FakeMachine small_machine() {
  static const Bytes kHuge = [] {
    MadeCheckpoint made;
    made.config = {.dim = 128, .hidden_dim = 512, .n_layers = 4, .n_heads = 2, .n_kv_heads = 1,
                   .vocab_size = 300, .seq_len = 24};
    return made.bytes();
  }();
  FakeMachine machine = one_story();
  machine.text_modes = 1;
  machine.all_memory = 2 << 20;
  machine.files["\\models\\huge.bin"] = kHuge;
  machine.files["\\old.txt"] = to_bytes("an older story");
  machine.files["\\EFI\\BOOT\\llama.cfg"] = to_bytes("prompt = ab\ntemperature = 0\nsteps = 4\nutf8 = on\nprecision = f32\n");
  machine.options = "llama.efi -i ab -t 0 -n 4 --utf8 on --precision f32";
  machine.typed = {"\u2014", "/save! \\old.txt", "/model huge", "/quit"};
  return machine;
}

std::string essence(const Outcome& run) {
  static const char* const kTimed[] = {"loaded ", "[#", "[.", "kernel ", "cores ", "tokens/s", "tokens per second",
                                       "memory ", "tokenizer ", " |"};
  // The status line, which stands where the story is: its place on the screen is not kept.
  static const std::regex kStatus("([0-9]+) tokens +[0-9.]+ tokens/s +position \\1 of [0-9]+ +Esc stops *");
  std::istringstream lines(std::regex_replace(run.screen, kStatus, " "));
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    line.erase(line.find_last_not_of(' ') + 1);
    bool timed = line.starts_with("note: ");
    for (const char* words : kTimed) timed |= line.find(words) != std::string::npos;
    if (!timed) all += line + "\n";
  }
  return all;
}

}  // namespace test
