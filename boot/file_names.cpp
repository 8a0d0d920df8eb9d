#include "boot/file_names.hpp"

namespace boot {

bool ends_with_any_case(rt::Text name, rt::Text suffix) {
  if (name.size < suffix.size) return false;
  for (uint64_t i = 0; i < suffix.size; ++i) {
    const char c = name[name.size - suffix.size + i];
    if ((c >= 'A' && c <= 'Z' ? char(c + 'a' - 'A') : c) != suffix[i]) return false;
  }
  return true;
}

bool is_model_name(rt::Text name) { return ends_with_any_case(name, ".bin") || ends_with_any_case(name, ".gguf"); }

}  // namespace boot
