#pragma once
#include <map>
#include <utility>

#include "boot/platform/x86_64/instructions.hpp"

namespace test {

/// What CPUID says, by leaf and subleaf, in place of what it says here; empty: that.
extern std::map<std::pair<uint32_t, uint32_t>, platform::Cpuid> g_cpuid;

}  // namespace test
