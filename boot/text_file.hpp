#pragma once
#include "boot/platform/volumes.hpp"

namespace boot {

/// A file of at most `most` bytes as UTF-8: as it is, or from UTF-16, which is what the editor of UEFI's shell writes.
rt::Result<rt::Text> read_text(platform::Readable& file, uint64_t most, rt::Arena& arena);
/// The same, of the first volume that has it.
rt::Result<rt::Text> read_text(const rt::Text& path, uint64_t most, rt::Arena& arena);

}  // namespace boot
