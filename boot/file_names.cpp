#include "boot/file_names.hpp"

#include "rt/parse.hpp"

namespace boot {

bool is_model_name(rt::Text name) {
  return rt::ends_with_any_case(name, ".bin") || rt::ends_with_any_case(name, ".gguf");
}

}  // namespace boot
