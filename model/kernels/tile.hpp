#pragma once

// Tiles take their sizes as constants: inlined, their loops over blocks and vectors are unrolled and their arrays
// become registers. ROLLED is for loops that would only become longer.

#define TILE [[gnu::always_inline]] static inline
#define UNROLLED _Pragma("clang loop unroll(full)")
#define ROLLED _Pragma("clang loop unroll(disable)")
