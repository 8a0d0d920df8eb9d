#pragma once
#include "boot/load.hpp"

namespace boot {

/// Loads the model that `options` name and tells a story; where options.on_finish is `prompt`, goes on with whoever
/// sits at the console until they have enough. options.on_finish is then what comes next. `started`: the tick from
/// which the seconds to the first token count. Fails where not even the first model can be loaded.
///
/// A program that only tells its story links another object in place of conversation.cpp and what that needs.
rt::Result<void> converse(Options& options, const Terminal& terminal, uint64_t started);

}  // namespace boot
