#include "boot/commands.hpp"
#include "boot/platform/volumes.hpp"

namespace boot {
namespace {

constexpr const char* kFolder = "\\models";
constexpr uint64_t kMaxVolumes = 64;

bool may_be_model(const platform::DirectoryEntry& entry) {
  const rt::Text name = entry.name;
  return !entry.directory && (name.ends_with(".bin") || name.ends_with(".BIN")) &&
         !name.ends_with("tokenizer.bin") && !name.starts_with("tok");
}

rt::Result<model::Checkpoint> read_header(platform::Volume& volume, rt::Text name) {
  rt::Result<platform::File> file = volume.open_file(name);
  if (!file) return file.error();
  uint8_t header[256];
  platform::FileSource source(*file, {header, sizeof header});
  return model::Checkpoint::open(source);
}

/// One line: the file, its size, and the shape that its header states or why it is no model.
void describe(platform::Volume& volume, const platform::DirectoryEntry& entry, const Terminal& terminal) {
  char path[800];
  const rt::Text name = rt::print_to({path, sizeof path}, "%s\\%s", kFolder, entry.name);
  rt::print(terminal.console, "  %-36pT %8.1f MiB  ", &name,
            double(entry.size) / (1 << 20));
  rt::Result<model::Checkpoint> checkpoint = read_header(volume, name);
  if (checkpoint) {
    const model::Config& c = checkpoint->config;
    rt::print(terminal.console, "%s, dim %u, %u layers, %'u tokens, context %'u\n",
              checkpoint->version == 2 ? "int8" : "float32", c.dim, c.n_layers, c.vocab_size,
              c.seq_len);
  } else {
    const rt::Error& error = checkpoint.error();
    rt::print(terminal.console, "%s\n",
              error.code == rt::Errc::firmware ? error.text : "no llama2.c checkpoint");
  }
}

/// The models of one volume, counted in `found`. A volume without the folder is no error.
rt::Result<void> list_volume(uefi::Handle device, uint32_t& found, const Terminal& terminal) {
  rt::Result<platform::Volume> volume = platform::Volume::open(device);
  if (!volume) return volume.error();
  rt::Result<platform::Directory> folder = volume->open_directory(kFolder);
  if (!folder && folder.error().code == rt::Errc::not_found) return {};
  if (!folder) return folder.error();
  for (;;) {
    platform::DirectoryEntry entry;
    rt::Result<bool> more = folder->next(entry);
    if (!more) return more.error();
    if (!*more || terminal.keyboard.stop_pressed()) return {};
    if (may_be_model(entry)) describe(*volume, entry, terminal), ++found;
  }
}

}  // namespace

void list_models(const Terminal& terminal) {
  uefi::Handle devices[kMaxVolumes];
  const uint64_t volumes = platform::find_volumes({devices, kMaxVolumes});
  uint32_t found = 0;
  for (uint64_t i = 0; i < volumes; ++i)
    if (rt::Result<void> done = list_volume(devices[i], found, terminal); !done)
      rt::print(terminal.console, "note: %s\n", done.error().text);
  if (!found) rt::print(terminal.console, "no model in %s on any volume\n", kFolder);
}

}  // namespace boot
