#pragma once
#include <stdint.h>

// The constants of rt::exp, for code that computes it in vectors with the same steps.
namespace rt {

// e^x = 2^(k/32) * 2^(r/32), k whole, |r| <= 1/2; the second factor is a cubic in r. The cubic and
// the table size are those of the C library that most people run llama2.c with, so that its tokens
// are ours where two logits all but tie: the results differ for 2 of 556,000,000 floats.
inline constexpr double kExpScale = 0x1.71547652b82fep+5;  // 32 / ln 2
inline constexpr double kExpShift = 0x1.8p+52;  // added: the nearest whole number is in the low bits
inline constexpr double kExpC1 = 0x1.62e42ff0c52d6p-6, kExpC2 = 0x1.ebfce50fac4f3p-13,
                        kExpC3 = 0x1.c6af84b912394p-20;
// Beyond these the result is 0 or infinite.
inline constexpr float kExpLeast = -104.0f, kExpMost = 89.0f;
/// 2^(i/32) as bits, less i << 47: adding k << 47 gives 2^(k/32) for every k with k % 32 = i.
extern const uint64_t kExpTable[32];

/// e^x by these steps. rt::exp gives the same bits for every float, sooner.
float exp_in_double(float x);

}  // namespace rt
