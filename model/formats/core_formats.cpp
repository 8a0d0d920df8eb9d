// The file formats of llama-core.efi: those of the first program.
#include "model/formats/format.hpp"
#include "model/formats/llama2c.hpp"

namespace model {
namespace {

constexpr const Format* kFormats[] = {&kLlama2c};

}  // namespace

rt::Span<const Format* const> all_formats() { return {kFormats, 1}; }

}  // namespace model
