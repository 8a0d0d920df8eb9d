#include "boot/model_source.hpp"

#include "model/formats/part_name.hpp"
#include "rt/format.hpp"

namespace boot {

rt::Result<void> ModelSource::open_part(uint32_t number, uint32_t count) {
  char buffer[300];
  const rt::Text part = model::part_path(path_, number, count, {buffer, sizeof buffer});
  if (part.empty())
    return rt::fail(rt::Errc::unsupported, count,
                    "%pT: the model is split over %u files; the name of the first must end "
                    "in -00001-of-%05u.gguf",
                    &path_, count, count);
  file_.close();  // a medium may hold one file open at a time
  rt::Result<platform::Input> file = platform::open_input(part, place_, patience_);
  if (!file) return file.error();
  file_ = static_cast<platform::Input&&>(*file);
  source_.go_on_with(file_.readable());
  return {};
}

}  // namespace boot
