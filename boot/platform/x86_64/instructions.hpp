#pragma once
#include <stdint.h>

namespace platform {

/// What the program needs of x86-64 that C++ has no words for, beside what processor.hpp asks of every architecture.
/// Nothing else in this folder holds assembler but start.S, and host tests link functions of their own in place of
/// these: most of them are for the kernel of an operating system only. Intel SDM vol. 2.

struct Cpuid {
  uint32_t eax, ebx, ecx, edx;
};
Cpuid cpuid(uint32_t leaf, uint32_t subleaf = 0);

uint64_t read_cr4();
void write_cr4(uint64_t value);

/// Extended control register 0; needs CR4.OSXSAVE.
uint64_t read_xcr0();
void write_xcr0(uint64_t value);

/// VZEROUPPER: the upper halves of the vector registers become free. Needs AVX.
void clear_upper_halves();

/// How float arithmetic rounds and what faults.
uint32_t read_mxcsr();
void write_mxcsr(uint32_t value);

}  // namespace platform
