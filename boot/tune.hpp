#pragma once
#include "boot/engine.hpp"
#include "boot/options.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// The kernel set that the user named, or null where the fastest is wanted. `features`:
/// what the processor lets code use.
rt::Result<const model::Kernels*> named_kernels(const Options& options, rt::CpuFeatures features);

/// Times the kernel sets on the engine's model, says how they did and returns the fastest.
rt::Result<const model::Kernels*> fastest_kernels(Engine& engine, rt::CpuFeatures features,
                                                  const Terminal& terminal);

/// Brings the other processors in for a while of work; says so where some do not come.
void start_processors(Engine& engine, const Terminal& terminal);

/// More processors are not always faster: small models lose more by waiting than they gain. Tries 1,
/// 2, 4, ... and all of them on the engine's model, keeps the best number and says so; where the user
/// named a number, takes that. The processors stay in the crew.
void choose_processors(Engine& engine, const Options& options, const Terminal& terminal);

}  // namespace boot
