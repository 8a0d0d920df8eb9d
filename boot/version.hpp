#pragma once

namespace boot {

/// The program's version, for people; the build is told apart by the code's checksum.
inline constexpr const char* kVersion = "0.1";

}  // namespace boot
