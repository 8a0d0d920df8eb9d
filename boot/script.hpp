#pragma once
#include "rt/span.hpp"

namespace boot {

/// Takes the first question off `script`, in which a line of three hyphens alone parts one from the next. Questions
/// without a word are passed over; empty: there is none left.
rt::Text take_question(rt::Text& script);

}  // namespace boot
