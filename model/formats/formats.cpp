// The file formats of the program. Without an image's own list, this is the one that is linked.
#include "model/formats/format.hpp"
#include "model/formats/gguf.hpp"
#include "model/formats/llama2c.hpp"

namespace model {
namespace {

// llama2.c's oldest files begin with a number, so what nobody else knows is one of them, or none.
constexpr const Format* kFormats[] = {&kGguf, &kLlama2c};

}  // namespace

rt::Span<const Format* const> all_formats() { return {kFormats, sizeof kFormats / sizeof *kFormats}; }

}  // namespace model
