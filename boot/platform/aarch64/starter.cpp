#include "boot/platform/starter.hpp"

namespace platform {

Starter* make_own_starter(StarterRoom&) { return nullptr; }

}  // namespace platform
