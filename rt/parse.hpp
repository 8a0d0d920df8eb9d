#pragma once
#include "rt/result.hpp"

namespace rt {

/// Text without white space (space, tab, CR, LF) at both ends.
Text trim(const Text& text);
/// The part of `text` before the first `end`. Both are taken off; where there is none, all of the text is.
Text take_until(Text& text, char end);

/// Does `text` end with, or is it, this, whatever the size of its letters? `small`: no letters but small ones of ASCII.
bool ends_with_any_case(const Text& text, const char* small);
bool is_any_case(const Text& text, const char* small);

/// The whole text as a decimal number; false when it is anything else or does not fit.
bool parse_u64(const Text& text, uint64_t& value);
bool parse_i64(const Text& text, int64_t& value);
/// Decimal, with optional sign, fraction and exponent ("1", "-.5", "1e-3"); no hex, inf or nan.
/// The nearest float, ties to even, for up to 19 significant digits; false when it is infinite.
bool parse_f32(const Text& text, float& value);

}  // namespace rt
