#include "boot/platform/starter.hpp"

namespace platform {

Starter* make_own_starter(StarterRoom&) { return nullptr; }

}  // namespace platform

// start.S has switched SSE on for the boot processor only where it was off, and such firmware starts no others.
void other_processor(void* argument) { other_processor_body(argument); }
