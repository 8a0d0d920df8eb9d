#include "boot/platform/network/http_file.hpp"

namespace platform {

rt::Span<const Medium* const> media() {
  static constexpr const Medium* kAll[] = {&kHttp, &kVolumes};
  return {kAll, 2};
}

}  // namespace platform
