// In place of the code for records, in llama-core.efi: llama2.c's files hold none, so nobody calls these. What
// multiplies records and what unpacks the types that they come from stays out of that program. Its core_sets.cpp does
// the same for the kernels of its architecture.
#include "model/formats/stored_types.hpp"
#include "model/kernels/shared.hpp"

namespace model {

void swar_multiply_exact(const ProductExact&) {}
void exact_scales(const Record&, const uint8_t*, int32_t*, int32_t*) {}
void quantize_exact(const float*, uint32_t, const ExactVectors&, uint32_t) {}
void unpack(const StoredType&, const uint8_t*, uint64_t, float*) {}

}  // namespace model
