#pragma once
#include "rt/span.hpp"

namespace model {

/// Where a file name ends that is one of several of a model: "-00002-of-00003.gguf" (gguf-split).
inline constexpr rt::Text kPartName = "-00001-of-00000.gguf";

/// The number of the file, from 1, where a model is split over several and `path` is named like one of them; else 0.
uint32_t part_number(rt::Text path);

/// The path of file `number`, from 0, of the `count` of a model whose first is at `first`, in `buffer`; empty where
/// that is not named as the first.
rt::Text part_path(rt::Text first, uint32_t number, uint32_t count, rt::Span<char> buffer);

}  // namespace model
