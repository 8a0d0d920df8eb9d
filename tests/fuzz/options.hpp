#pragma once
#include "boot/option_sources.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fuzz {

/// What holds of options whatever they were read from: every number in its documented range, every
/// choice one of its words, every text in its own room.
inline void must_be_in_range(const boot::Options& o) {
  must(o.temperature >= 0 && o.temperature <= 10, "temperature is 0 to 10");
  must((o.topp >= 0 && o.topp <= 1) || o.topp == -1, "topp is 0 to 1, or as is usual");
  must(o.steps <= 1 << 20, "steps is at most 1,048,576");
  must(o.threads <= 64, "threads is at most 64");
  must(o.precision <= model::Precision::file, "precision is one of its words");
  must(o.show <= boot::Show::nothing, "show is one of its words");
  must(o.on_finish <= boot::OnFinish::reboot, "on_finish is one of its words");
  must(within(o.model, o.rooms.model, sizeof o.rooms.model), "the model's name is kept");
  must(within(o.tokenizer, o.rooms.tokenizer, sizeof o.rooms.tokenizer), "the tokenizer's name is kept");
  must(within(o.prompt, o.rooms.prompt, sizeof o.rooms.prompt), "the prompt is kept");
  must(within(o.prompt_file, o.rooms.prompt_file, sizeof o.rooms.prompt_file), "the prompt file's name is kept");
  must(within(o.kernel, o.rooms.kernel, sizeof o.rooms.kernel), "the kernel's name is kept");
  must(within(o.system, o.rooms.system, sizeof o.rooms.system), "the system prompt is kept");
  must(within(o.output, o.rooms.output, sizeof o.rooms.output), "the output file's name is kept");
}

inline bool same(const boot::Options& a, const boot::Options& b) {
  return a.model == b.model && a.tokenizer == b.tokenizer && a.prompt == b.prompt && a.prompt_file == b.prompt_file &&
         a.temperature == b.temperature && a.topp == b.topp && a.seed == b.seed && a.steps == b.steps &&
         a.precision == b.precision && a.kernel == b.kernel && a.threads == b.threads && a.ids == b.ids &&
         a.show == b.show && a.color == b.color && a.on_finish == b.on_finish && a.verify == b.verify &&
         a.system == b.system && a.more == b.more && a.output == b.output && a.help == b.help &&
         a.version == b.version;
}

}  // namespace fuzz
