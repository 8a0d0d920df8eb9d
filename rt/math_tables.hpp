#pragma once
#include <stdint.h>

namespace rt {

// Constants for math.cpp, rounded to nearest. "Q64" is a fixed-point number with 64 bits behind
// the point, and so on.

/// 2^(g/64) - 1 = g * (kExp2Polynomial[0] + g * (kExp2Polynomial[1] + ...)) for 0 <= g < 1, but for
/// 2^-57. Q64. Near ln(2)/64, (ln(2)/64)^2/2!, ..., moved to spread the error (a Chebyshev fit).
inline constexpr uint64_t kExp2Polynomial[] = {
    0x02c5c85fdf473e38, 0x0003d7f7bff048dc, 0x0000038d611b5f3b, 0x0000000276540b79,
    0x00000000015f1cce,
};

/// 2^(i/64), Q63.
inline constexpr uint64_t kExp2Table[64] = {
    0x8000000000000000, 0x8164d1f3bc030773, 0x82cd8698ac2ba1d7, 0x843a28c3acde4046,
    0x85aac367cc487b15, 0x871f61969e8d1010, 0x88980e8092da8527, 0x8a14d575496efd9a,
    0x8b95c1e3ea8bd6e7, 0x8d1adf5b7e5ba9e6, 0x8ea4398b45cd53c0, 0x9031dc431466b1dc,
    0x91c3d373ab11c336, 0x935a2b2f13e6e92c, 0x94f4efa8fef70961, 0x96942d3720185a00,
    0x9837f0518db8a96f, 0x99e0459320b7fa65, 0x9b8d39b9d54e5539, 0x9d3ed9a72cffb751,
    0x9ef5326091a111ae, 0xa0b0510fb9714fc2, 0xa27043030c496819, 0xa43515ae09e6809e,
    0xa5fed6a9b15138ea, 0xa7cd93b4e965356a, 0xa9a15ab4ea7c0ef8, 0xab7a39b5a93ed337,
    0xad583eea42a14ac6, 0xaf3b78ad690a4375, 0xb123f581d2ac2590, 0xb311c412a9112489,
    0xb504f333f9de6484, 0xb6fd91e328d17791, 0xb8fbaf4762fb9ee9, 0xbaff5ab2133e45fb,
    0xbd08a39f580c36bf, 0xbf1799b67a731083, 0xc12c4cca66709456, 0xc346ccda24976407,
    0xc5672a115506dadd, 0xc78d74c8abb9b15d, 0xc9b9bd866e2f27a3, 0xcbec14fef2727c5d,
    0xce248c151f8480e4, 0xd06333daef2b2595, 0xd2a81d91f12ae45a, 0xd4f35aabcfedfa1f,
    0xd744fccad69d6af4, 0xd99d15c278afd7b6, 0xdbfbb797daf23755, 0xde60f4825e0e9124,
    0xe0ccdeec2a94e111, 0xe33f8972be8a5a51, 0xe5b906e77c8348a8, 0xe8396a503c4bdc68,
    0xeac0c6e7dd24392f, 0xed4f301ed9942b84, 0xefe4b99bdcdaf5cb, 0xf281773c59ffb13a,
    0xf5257d152486cc2c, 0xf7d0df730ad13bb9, 0xfa83b2db722a033a, 0xfd3e0c0cf486c175,
};

/// A factor near 1/(1 + (i + 0.5)/16), Q8, and -log2 of it, Q63; from i = 8 on, where the
/// mantissa is taken as half of itself, -log2 of twice the factor.
struct Log2Entry {
  int64_t factor;
  int64_t log2;
};
inline constexpr Log2Entry kLog2Table[16] = {
    {256, 0x0000000000000000}, {234, 0x1097e38ce606492c},
    {221, 0x1b2602497d53458d}, {210, 0x24939a56279ad89a},
    {200, 0x2d961ed0cb91d407}, {191, 0x3616cfe9e8d01fea},
    {182, 0x3f0095d1a19a0332}, {174, 0x474da0a5ad495303},
    {167, -0x311d38e5c1644b49}, {161, -0x2a5b7bf8992d66fc},
    {155, -0x23580b6523e0e0a5}, {149, -0x1c0db6cdd94dee41},
    {144, -0x15c01a39fbd687a0}, {139, -0x0f397608bfd2d90e},
    {134, -0x08759c4fd14fcd5a}, {128, 0x0000000000000000},
};

/// 2/pi, 256 bits behind the point, after 64 zero bits.
inline constexpr uint64_t kTwoOverPi[] = {
    0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
    0xfe5163abdebbc561,
};

}  // namespace rt
