#include "boot/platform/model_names.hpp"

#include "rt/parse.hpp"

namespace platform {

bool is_model_name(rt::Text name) {
  return rt::ends_with_any_case(name, ".bin") || rt::ends_with_any_case(name, ".gguf");
}

}  // namespace platform
